# Completion of invsync for fish: the program itself says what may stand at the end of the line.
function __invsync_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct | string unescape)
    test -n "$typed"; or set typed ''
    set -l found ($words[1] complete fish $words "$typed" 2>/dev/null)
    if test "$found[1]" = ':files'
        __fish_complete_path "$typed"
    else if set -q found[1]
        printf '%s\n' $found
    end
end
complete -c invsync -f -a '(__invsync_complete)'
