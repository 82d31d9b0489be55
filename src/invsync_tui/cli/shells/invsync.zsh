#compdef invsync
# Completion of invsync for zsh: the program itself says what may stand at the end of the line.
_invsync() {
    local line tab=$'\t'
    local -a texts shown
    local -a more
    for line in "${(@f)$("${(Q)words[1]}" complete zsh "${(@Q)words[1,CURRENT]}" 2>/dev/null)}"; do
        [[ -n $line ]] || continue
        texts+=("${line%%$tab*}")
        if [[ $line == *$tab* ]]; then
            shown+=("${line%%$tab*}  -- ${line#*$tab}")
        else
            shown+=("$line")
        fi
    done
    if [[ ${texts[1]} == :files ]]; then
        _files
        return
    fi
    [[ ${texts[1]} == *= ]] && more=(-S '')
    (( $#texts )) && compadd "${more[@]}" -l -d shown -a -- texts
}
if [[ ${funcstack[1]} == _invsync ]]; then
    _invsync "$@"
else
    compdef _invsync invsync
fi
