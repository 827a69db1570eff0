# A title that wants to play with the terminal of whoever reads it.
story "hostile titles reach no terminal as they are"

op-power-a may not file secinfo because clean
	from secinfo
	title "Harmless \u001b[2J\u001b]0;owned\u0007"
	text "Its title clears the screen."
	tlp AMBER
	audience community:cep-power/power
op-power-a files secinfo TURNED
	from secinfo
	title "Please open \u202egpj.exe\u202c and \u2066nothing\u2069 else"
	text "Its title reads from the right to the left \u202e and so does this."
	tlp AMBER
	audience community:cep-power/power
within 30s cep-power and op-power-b hold TURNED
op-power-a, cep-power and op-power-b print TURNED without control characters
cep-power and op-power-b verify everything
nobody else learns of TURNED
