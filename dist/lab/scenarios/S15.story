# Bulk must not delay a warning. kairan lab run S15 --many 200 tells it with 200,000 indicators.
story "a thousand indicators do not delay an alert"

op-power-b imports 1000 advisories as BULK
	tlp AMBER
	audience community:cep-power/power
wait 500ms
op-power-b files alert WARNING
	from alert
	title "Act before you read the lists"
	text "The addresses that are being sent belong to an attack that runs now."
	action "Block what the lists name."
	tlp AMBER
	audience community:cep-power/power
within 5s cep-power and op-power-a hold WARNING
within 120s cep-power and op-power-a hold all of BULK
cep-power and op-power-a list WARNING once
cep-power, op-power-a and op-power-b find their stores sound
nobody else learns of WARNING
