# Completion of invsync for bash 3.2 and later: the program itself says what may stand at the end of the line.
_invsync() {
    local candidate
    COMPREPLY=()
    while IFS= read -r candidate; do
        COMPREPLY+=("$candidate")
    done < <("$1" complete bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    case ${COMPREPLY[0]} in
        :files) COMPREPLY=(); compopt -o default 2>/dev/null ;;
        *=) compopt -o nospace 2>/dev/null ;;
    esac
    return 0
}
complete -F _invsync invsync
