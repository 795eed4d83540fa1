#compdef sclone
# Completion of sclone for zsh. The program itself knows what may stand where.

_sclone() {
    local kind line value
    local -a lines open open_shown closed closed_shown
    lines=("${(@f)$("${(Q)words[1]}" complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    kind=$lines[1]
    for line in "${(@)lines[2,-1]}"; do
        value=${line%%$'\t'*}
        line=${line#*$'\t'}
        [[ -n $line ]] && line="$value  -- $line" || line=$value
        # More may follow what ends so.
        if [[ $value == *[/:=] ]]; then
            open+=("$value") open_shown+=("$line")
        else
            closed+=("$value") closed_shown+=("$line")
        fi
    done
    if [[ $kind == paths ]]; then
        compadd -S '' -a open
        compadd -a closed
    else
        compadd -l -S '' -d open_shown -a open
        compadd -l -d closed_shown -a closed
    fi
}

if [[ $funcstack[1] == _sclone ]]; then
    _sclone "$@"
else
    compdef _sclone sclone
fi
