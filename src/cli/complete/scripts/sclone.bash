# Completion of sclone for bash 4.4 and later. The program itself knows what may stand where.

_sclone() {
    local kind='' value quoted
    COMPREPLY=()
    while IFS= read -r value; do
        if [[ -z $kind ]]; then
            kind=$value
        else
            COMPREPLY+=("${value%%$'\t'*}")
        fi
    done < <("$1" complete --line "${COMP_LINE:0:COMP_POINT}" --breaks "$COMP_WORDBREAKS" 2>/dev/null)
    if [[ $kind == paths ]]; then
        # readline quotes them, and shows the last part of each.
        compopt -o filenames
    elif [[ ${#COMPREPLY[@]} -eq 1 && $2 != [\'\"]* ]]; then
        printf -v quoted %q "${COMPREPLY[0]}"
        COMPREPLY=("$quoted")
    fi
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/:=] ]]; then
        compopt -o nospace
    fi
}

complete -F _sclone sclone
