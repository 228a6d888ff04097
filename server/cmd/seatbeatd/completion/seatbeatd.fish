# Completion of seatbeatd in fish. Load it with: seatbeatd completion fish | source
function __seatbeatd_complete
	set -l words (commandline -opc) (commandline -ct)
	set -l last $words[-1]
	set -l prefix (string match -r -- '^--[^=]*=' $last)
	for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
		switch $line
			case ':files'
				__fish_complete_path (string replace -- "$prefix" '' $last) | string replace -r -- '^' "$prefix"
			case ':folders'
				__fish_complete_directories (string replace -- "$prefix" '' $last) | string replace -r -- '^' "$prefix"
			case '*'
				echo -- "$prefix$line"
		end
	end
end
complete -c seatbeatd -f -a '(__seatbeatd_complete)'
