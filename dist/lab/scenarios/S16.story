# Two clocks are wrong, and nobody loses anything by it.
story "one clock ten minutes fast, one two days slow"
the clock of op-power-a is 10m fast
the clock of op-power-b is 2d slow

cep-power sees the clock of op-power-a 10m fast
cep-power sees the clock of op-power-b 2d slow
cep-power files secinfo LESSON
	from secinfo
	title "A lesson from where the clock is right"
	text "Everybody has this, whatever their clocks show."
	tlp AMBER
	audience community:self/power
within 30s op-power-a hold LESSON
tell "what seems to come from two days ahead waits at the slow clock, and is not lost"
op-power-a files incident EARLY
	from incident
	title "Filed ten minutes in the future"
	what "The clock of this operator is ten minutes fast."
	cause unknown
	tlp AMBER
	audience org:min-energy,community:cep-power/power
within 30s cep-power and min-energy hold EARLY
op-power-b files incident LATE
	from incident
	title "Filed two days in the past"
	what "The clock of this operator is two days slow."
	cause unknown
	tlp AMBER
	audience org:min-energy,community:cep-power/power
within 30s cep-power, min-energy and op-power-a hold LATE
op-power-b retracts LATE as SORRY because false-alarm
within 30s cep-power, min-energy and op-power-a show LATE as retracted
op-power-b do not hold LESSON
the clock of op-power-b is put right
within 60s op-power-b hold LESSON
within 60s op-power-b hold EARLY
the clock of op-power-a is put right
cep-power, min-energy, op-power-a and op-power-b find their stores sound
cep-power, min-energy, op-power-a and op-power-b verify everything
nobody else learns of LESSON
nobody else learns of EARLY
nobody else learns of LATE
