# Completion of sclone for fish. The program itself knows what may stand where.

function __sclone_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l raw (commandline --current-token --cut-at-cursor)
    # A quote that is still open cannot be taken away by unescape.
    set -l word (string unescape -- $raw; or string replace --regex '^["\']' '' -- $raw)
    $words[1] complete -- $words[2..-1] "$word" 2>/dev/null | tail -n +2
end

complete --command sclone --no-files --arguments '(__sclone_complete)'
