# A sector that did not exist when the nodes were set up: kept, shown as it is written, and no door opens by it.
story "a sector code that nobody knows"

op-power-a files secinfo LESSON
	from secinfo
	title "Ground stations need power as well"
	text "A ground station of a satellite operator lost power for an hour."
	concerns x-space:ground
	tlp AMBER
	audience community:cep-power/power
within 30s cep-power and op-power-b hold LESSON
op-power-a, cep-power and op-power-b list LESSON under sector x-space:ground
op-power-a may not file secinfo because keep
	from secinfo
	title "For a sector that nobody is of"
	text "Whom the audience matches nobody can say."
	tlp AMBER
	audience sector:x-space:ground
everybody verify everything
nobody else learns of LESSON
