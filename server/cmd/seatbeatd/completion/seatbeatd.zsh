#compdef seatbeatd
# Completion of seatbeatd in zsh. Load it with: source <(seatbeatd completion zsh)
_seatbeatd() {
	local line tab=$'\t'
	local -a candidates
	for line in "${(@f)$("${(Q)words[1]}" __complete "${(Q@)words[2,CURRENT]}" 2>/dev/null)}"; do
		case $line in
		:files) compset -P '--*='; _files ;;
		:folders) compset -P '--*='; _files -/ ;;
		?*) candidates+=("${${line//:/\\:}/$tab/:}") ;; # _describe wants candidate:description
		esac
	done
	if (( $#candidates )); then
		compset -P '--*='
		_describe seatbeatd candidates
	fi
}
if [ "$funcstack[1]" = "_seatbeatd" ]; then # loaded from fpath
	_seatbeatd
else
	compdef _seatbeatd seatbeatd
fi
