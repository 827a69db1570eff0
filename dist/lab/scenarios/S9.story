# What was restricted may be told more widely later; only its origin may say so, and says it anew.
story "reclassified down: a wider edition, and the restricted one stays where it was"

cep-power files secinfo RESTRICTED
	from secinfo
	title "How the maintenance account was taken over"
	text "The password stood in a manual that was for sale."
	tlp AMBER
	audience community:self/power
within 30s op-power-a and op-power-b hold RESTRICTED
tell "a revision cannot change who may hold it"
cep-power may not revise RESTRICTED because label
	tlp GREEN
	audience community:self/power
tell "so its origin says it anew, for everybody"
cep-power files secinfo OPEN
	from secinfo
	title "Change the passwords that stand in manuals"
	text "Some manuals that are for sale name a maintenance password."
	tlp CLEAR
within 30s op-power-a, op-power-b, min-energy, foreign-cert, cabinet, min-comm and op-telecom-a hold OPEN
cep-power retracts RESTRICTED as SUPERSEDED because superseded
within 30s op-power-a and op-power-b show RESTRICTED as retracted
everybody verify everything
nobody else learns of RESTRICTED
min-energy, foreign-cert, cabinet, min-comm and op-telecom-a never learn of SUPERSEDED
