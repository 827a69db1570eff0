# The centre warns: ministries pass it on, operators act, a partner abroad gets an edition that was made for it.
story "flow B: alert information, from the centre to those who must act"
the time is 03:00:00

cabinet files alert WARNING
	from alert
	title "A protection relay's maintenance access is being abused"
	text "Two operators lost protection settings of this relay within an hour."
	action "Disconnect the remote maintenance of these relays today."
	tlp AMBER
	audience org:min-energy,org:min-comm,community:cep-power/power
within 60s min-energy and min-comm hold WARNING
within 60s cep-power, op-power-a, op-power-b and op-telecom-a hold WARNING

tell "what came by two ways is shown once, and both ways are named"
op-power-a has WARNING from min-energy and cep-power
op-power-a and op-power-b list WARNING once

tell "the partner abroad gets an edition of its own, which does not say what it was made from"
rule ceiling keeps WARNING from foreign-cert at cabinet
cabinet files secinfo EDITION
	from secinfo
	subtype guidance
	title "Guidance on remote maintenance of protection relays"
	text "Remote maintenance of protection relays should be disconnected until further notice."
	action "Disconnect remote maintenance."
	tlp GREEN
	audience org:foreign-cert
within 60s foreign-cert hold EDITION

everybody verify everything
foreign-cert never learn of WARNING
nobody else learns of EDITION
