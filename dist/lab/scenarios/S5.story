# A thief has the signing key of an operator, and for two minutes its node. What was held before stands; all else is in doubt
# until the operator says it again under a new key.
story "a stolen key: what was held before stands, what the thief wrote does not"
the time is 22:00:00

op-power-a files secinfo BEFORE
	from secinfo
	title "Settings of feeder protection after the audit"
	text "Feeders in the north trip at the second step since the audit."
	tlp AMBER
	audience org:min-energy,community:cep-power/power
op-power-a files secinfo WARNED
	from secinfo
	title "Do not open the maintenance tool from the portal"
	text "The maintenance tool on the vendor's portal was altered."
	tlp AMBER
	audience org:min-energy,community:cep-power/power
within 30s min-energy, cep-power and op-power-b hold BEFORE
within 30s min-energy, cep-power and op-power-b hold WARNED
op-power-b files secinfo SECRET
	from secinfo
	title "Between one operator and its sector"
	text "What was found in the relay cabinet of the western substation."
	tlp AMBER+STRICT
	audience org:cep-power
within 30s cep-power hold SECRET
wait 100ms

tell "from here on it is the thief who writes, and dates what he writes two days back"
the clock of op-power-a is 2d slow
op-power-a files secinfo FORGED
	from secinfo
	title "All clear for remote maintenance"
	text "Remote maintenance may be opened again for everybody."
	tlp AMBER
	audience org:min-energy,community:cep-power/power
op-power-a revises BEFORE as ALTERED
	title "Settings of feeder protection, corrected"
	text "Feeders in the north no longer trip at the second step."
op-power-a retracts WARNED as GONE because false-alarm
the clock of op-power-a is put right
within 30s min-energy, cep-power and op-power-b hold FORGED
within 30s min-energy, cep-power and op-power-b show BEFORE as superseded
within 30s min-energy, cep-power and op-power-b show WARNED as retracted
tell "the operator itself still writes under that key, and does not know"
op-power-a files secinfo MEANWHILE
	from secinfo
	title "A true lesson under a key that is no longer ours alone"
	text "Somebody logged in from the portal with an account of ours."
	tlp AMBER
	audience org:min-energy,community:cep-power/power
within 30s min-energy, cep-power and op-power-b hold MEANWHILE

tell "it is noticed: the root key, which the thief does not have, revokes, and new keys take over"
op-power-a revokes its duty key as of FORGED
op-power-a revokes its decider key as of FORGED
op-power-a does "card rotate duty decider sealing"
op-power-a goes down
op-power-a comes back
within 30s min-energy, cep-power and op-power-b hold FORGED as not proven
within 30s min-energy, cep-power and op-power-b hold MEANWHILE as not proven
within 30s min-energy, cep-power and op-power-b hold ALTERED as not proven
within 30s min-energy, cep-power and op-power-b hold BEFORE as proven
within 30s min-energy, cep-power and op-power-b hold WARNED as proven
tell "what the thief did with it is undone"
within 30s min-energy, cep-power and op-power-b show BEFORE as current
within 30s min-energy, cep-power and op-power-b show WARNED as current
min-energy may not do "verify {FORGED}"
cep-power does "verify {BEFORE}"

tell "the origin affirms what is its own, under its new key; the rest it takes back"
op-power-a does "sign {MEANWHILE} --as duty"
within 30s min-energy, cep-power and op-power-b hold MEANWHILE as proven
min-energy does "verify {MEANWHILE}"
op-power-a retracts FORGED as SORRY because false-alarm
within 30s min-energy, cep-power and op-power-b show FORGED as retracted
op-power-a files secinfo AFTER
	from secinfo
	title "What we know of the theft"
	text "The key was copied from a backup that lay on a file server."
	tlp AMBER
	audience org:min-energy,community:cep-power/power
within 30s min-energy, cep-power and op-power-b hold AFTER as proven
everybody find their stores sound
op-power-a never learn of SECRET
nobody else learns of SECRET
nobody else learns of BEFORE
nobody else learns of MEANWHILE
nobody else learns of AFTER
