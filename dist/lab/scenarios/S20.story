# Nobody learns with whom its partner speaks, nor that there was something it did not get.
story "nobody learns others' partners, nor what it was not given"

foreign-cert files secinfo ABROAD
	from secinfo
	title "A word between two partners"
	text "Nobody else needs to know that these two speak."
	tlp GREEN
	onward none
	audience org:cep-power
within 30s cep-power hold ABROAD
op-power-a files secinfo LESSON
	from secinfo
	title "A lesson for the sector"
	text "A lesson that concerns the sector alone."
	tlp AMBER
	audience community:cep-power/power
within 30s cep-power and op-power-b hold LESSON
op-telecom-a files secinfo QUIET
	from secinfo
	title "Between one operator and its ministry"
	text "This stays between the two of them."
	tlp RED
	audience org:min-comm
within 30s min-comm hold QUIET
op-telecom-a never learn that op-power-b takes part
op-telecom-a never learn that cep-power takes part
op-telecom-a never learn that foreign-cert takes part
op-power-a and op-power-b never learn that foreign-cert takes part
op-power-a and op-power-b never learn that min-comm takes part
foreign-cert never learn that op-power-a takes part
foreign-cert never learn that op-power-b takes part
foreign-cert never learn that op-telecom-a takes part
nobody else learns of ABROAD
nobody else learns of LESSON
nobody else learns of QUIET
