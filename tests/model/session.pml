/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session of one link, as two engines live it: hello, tokens, offer, push, want, chunk, stored,
 * refuse, credit, and the crash, restore and reconnection of either end at every point. Items go
 * from S to R; the other direction is the same code and shares nothing with this one but the
 * greeting. Two ends only: choosing among several offerers is not modelled, nor are agreements,
 * labels, parts and quotas, which decide what is offered but not how it arrives.
 *
 * A turn is a transaction: a step works on the open copy of the store (sw, rw) and gathers frames
 * (out_s, out_r); commit makes the open copy the durable one (sd, rd); only then do the frames leave.
 * A crash loses the open copy, the frames that gathered and all memory; the connection goes with it.
 * A cut loses what was in flight from its head on: what the peer's socket still held is delivered
 * after the reconnection, before the new greeting, as frames of a session that is over.
 * A timer fires when nothing is on its way; one that fires sooner counts as a fault.
 * FAULTS bounds all of them together; after them every item has to arrive. A set of items is printed
 * as a number: bit i for item i.
 *
 * Each transition stands for a function of node/engine; run.py checks that all of them exist.
 *
 *   step of the model   functions
 *   s_start             on_start, record_boot, kai_link_load
 *   publish             kai_admit, kai_door_store, kai_spread_item
 *   link_up, link_down  kai_link_event, enter, greet
 *   greet_again         kai_link_greet_again
 *   on_hello            kai_link_hello, come_up
 *   say_hello           say_hello, kai_fetch_hello
 *   no_hello            link_overdue
 *   spread_up           kai_spread_up, find_position, offer_outstanding, alerts_first
 *   spread_down         kai_spread_down
 *   token_open          kai_token_make, kai_token_open
 *   walk                kai_spread_walk, walk_link
 *   look_at             look_at, peer_has, add_offer, push, enter_window
 *   offering_send       kai_offering_send
 *   low, save, note     kai_window_low, save, kai_spread_note
 *   retry               retry_link, kai_look_again
 *   on_want             kai_serve_want, take_want
 *   serve_run           kai_serve_run, serve_first, send_chunk, note_sent, kai_released_sent
 *   on_stored           kai_serve_stored, stored_entry, went_before, kai_spread_settle
 *   on_refused          kai_serve_refuse, refuse_deferred, record_outcome
 *   on_credit           kai_serve_credit
 *   fetch_up            kai_fetch_up
 *   fetch_down          kai_fetch_down, kai_fetch_clear
 *   on_offer, take_up   kai_fetch_offer, offered, take_up, kai_slot_offer
 *   on_pushed           kai_fetch_push
 *   on_chunk            kai_fetch_chunk, take_chunk, admit_at_once, admit_unfinished
 *   admitted, settle    kai_fetch_admitted, settle_stored, kai_slot_settle, kai_wanted_leave
 *   quiet_slot          kai_slot_quiet, forget_late
 *   stall               check_stalls, kai_wanted_stalled
 *   batch_begin         kai_batch_begin
 *   batch_end           kai_batch_end, kai_batch_settled
 *   answer_credit       kai_answer_credit
 *   flush               kai_fetch_flush, ask, ask_one, stored_due, send_stored
 *   save_token          kai_answer_save, furthest_token
 *
 * Mutations, one at a time: a run that does not fail with one of them proves nothing.
 *   ACK_BEFORE_COMMIT    R's frames leave before the commit
 *   OFFER_BEFORE_COMMIT  S's frames leave before the commit
 *   SAVE_THE_WALK        S records how far it walked, not what is settled
 *   RESUME_AT_HEAD       S starts at its head where nothing tells it how far the peer is
 *   KEEP_CREDIT          the bytes sent are counted on over a reconnection
 *   KEEP_WINDOW          what was offered counts as offered over a reconnection
 *   KEEP_MARKS           a peer's new store epoch does not void what it had stored
 *   EPOCH_AT_ONCE        the peer's new epoch is recorded before all was looked at anew
 *   ANY_HELLO            a hello brings the link up whatever it answers
 *   DEFER_IS_FINAL       what the peer put off is settled
 *   TOKEN_OVER_PENDING   R returns a token whose items are neither held nor named
 *   TOKEN_IS_POSITION    S believes the position in a token, its own record aside
 */

#ifndef N
#define N 2 /* items */
#endif
#ifndef ALERT
#define ALERT 0 /* this item is pushed; 0: none */
#endif
#ifndef FAULTS
#define FAULTS 2
#endif
#ifndef WINDOW
#define WINDOW 2 /* KAI_WINDOW */
#endif
#ifndef BATCHES
#define BATCHES 2 /* KAI_FETCH_BATCHES */
#endif
#ifndef OUTSTANDING
#define OUTSTANDING 1 /* KAI_MAX_OUTSTANDING */
#endif
#ifndef GROUP
#define GROUP 1 /* steps in one turn at most */
#endif
#define CHUNKS 2 /* frames of one item */
#define CREDIT_START 2
#ifndef STALE
#define STALE 2 /* frames of a session that come after its connection */
#endif
#define Q 10

#define BIT(i) (1 << (i))
#define HAS(set, i) (((set) >> (i)) & 1)
#define TOKEN(boot, position) ((boot) * 16 + (position) + 1)

mtype = { HELLO, OFFER, PUSH, WANT, CHUNK, STORED, REFUSE, CREDIT };
mtype = { DOWN, GREETING, UP };	   /* enum kai_link_state */
mtype = { NOTHING, WENT, CAME };   /* link events that wait */

#define S 0
#define R 1

chan to_r = [Q] of { mtype, byte, byte, byte, byte, byte };
chan to_s = [Q] of { mtype, byte, byte, byte, byte, byte };
chan out_s = [Q] of { mtype, byte, byte, byte, byte, byte };
chan out_r = [Q] of { mtype, byte, byte, byte, byte, byte };

/* ---- stores */
typedef s_store {
	byte head;
	byte log[N + 1]; /* the item at each position, from 1 */
	byte sent;	 /* RELEASED: item sets */
	byte stored;
	byte position; /* PEERS */
	byte epoch;
	byte boots; /* BOOTS, a set */
};
typedef r_store {
	byte held;
	byte token;
	byte outstanding;
	byte epoch;
};
s_store sd, sw, backup;
r_store rd, rw;

/* ---- memory of a link, at either end */
typedef link {
	mtype state;
	bool connected, peer_greeted, answered;
	byte mine, theirs; /* nonces */
};
link l[2];
mtype event[2];
byte open[2]; /* steps in the turn that is open */

/* ---- memory of S: struct kai_spread */
bool s_up;
byte s_position, s_anew, s_settled, s_epoch;
bool s_fresh;
byte s_window, s_lane, s_batch; /* item sets */
byte s_at[N + 1];		/* position of each in the window */
byte s_progress[N + 1];		/* chunks sent of each in the lane */
byte s_sent, s_limit;
byte boot;

/* ---- memory of R: struct kai_fetch */
bool r_up;
byte r_slots, r_late, r_asked, r_twice;	/* item sets: slots unsettled; late; chunks may come */
byte r_waiting, r_wanted, r_stuck;	/* enum kai_wanted_state */
byte r_batch[N + 1], r_have[N + 1];
byte r_tokens[BATCHES + 1], r_batches, r_token;
byte r_received, r_limit;
byte r_answers, r_refused, r_want;
bool r_unsaved;

/* ---- the world */
bool wire;
byte faults = FAULTS;
byte nonces;
byte published;		      /* item numbers given out */
byte kept;		      /* ghost: items in S's durable log: its publisher was told so */
byte gone;		      /* ghost: items that S lost with a newer store */
byte lost;		      /* ghost: R's store was set back and had them */
byte put_off;		      /* ghost: R asked to be offered them later */
bool set_back;		      /* ghost: S's store was */

/* ---- scratch, always zero between steps */
byte i, k, low_, bits, pending_, end_;
bool last_, first_, pick;

#define quiet (wire && event[S] == NOTHING && event[R] == NOTHING && open[S] == 0 && open[R] == 0 && \
	       len(to_r) == 0 && len(to_s) == 0 && !(s_up && can_walk))
/* Every item that S has is at R, and S knows it. */
#define delivered (published == N && (kept & ~(rd.held & sd.stored)) == 0)
#define finished (faults == 0 && quiet && delivered && s_window == 0 && !r_unsaved)
#define can_walk (s_position < sw.head && opened < WINDOW)
#define opened (HAS(s_window, 1) + HAS(s_window, 2) + HAS(s_window, 3))
#define promised (CHUNKS * (HAS(r_wanted | r_stuck, 1) + HAS(r_wanted | r_stuck, 2) + HAS(r_wanted | r_stuck, 3)))
/* a turn takes one more step */
#define s_can (open[S] < GROUP)
#define r_can (open[R] < GROUP)

inline clear_scratch() { i = 0; k = 0; low_ = 0; bits = 0; pending_ = 0; end_ = 0; last_ = 0; first_ = 0; pick = 0 }

inline s_send(type, a, b, c, d, e)
{
#ifdef OFFER_BEFORE_COMMIT
	assert(nfull(to_r));
	to_r!type, a, b, c, d, e
#else
	assert(nfull(out_s));
	out_s!type, a, b, c, d, e
#endif
}

inline r_send(type, a, b, c, d, e)
{
#ifdef ACK_BEFORE_COMMIT
	assert(nfull(to_s));
	to_s!type, a, b, c, d, e
#else
	assert(nfull(out_r));
	out_r!type, a, b, c, d, e
#endif
}

/* ---- what must always hold: at each commit and after each crash */
inline check()
{
	/* What S takes for stored at R is there, its store's epoch being known to S. */
	assert((sd.stored & ~(rw.held | (sd.epoch == rd.epoch -> 0 : lost))) == 0);
	i = 1;
	bits = 0;
	do
	:: i <= sw.head ->
		bits = bits | BIT(sw.log[i]);
		/* S never passes over an item that R has not. */
		assert(i > sd.position || sd.epoch != rd.epoch || HAS(rw.held, sw.log[i]));
		/* R's token: all before it is held, or named, or was put off. */
		assert(set_back || rd.token == 0 || i > (rd.token & 15) - 1 ||
		       HAS(rd.held | rd.outstanding | put_off | lost, sw.log[i]));
		i++
	:: else -> break
	od;
	/* What a publisher was told is kept, and nobody heard of what is not. */
	assert((kept & ~bits) == 0);
	assert(((rw.held | r_slots) & ~(bits | gone)) == 0);
	i = 1;
	do
	:: i <= sd.head ->
		kept = kept | BIT(sd.log[i]);
		i++
	:: else -> break
	od;
	i = 0;
	bits = 0
}

/* ---- S: what was offered, and how far */

inline low(ret)
{
	ret = s_position;
	i = 1;
	do
	:: i <= N ->
		if
		:: HAS(s_window, i) && s_at[i] > 0 && s_at[i] - 1 < ret -> ret = s_at[i] - 1
		:: else
		fi;
		i++
	:: else -> break
	od;
	i = 0
}

inline save()
{
#ifdef SAVE_THE_WALK
	low_ = s_position;
#else
	low(low_);
#endif
	if
	:: low_ >= s_anew && (low_ > s_settled || s_fresh) ->
		sw.position = low_;
		sw.epoch = s_epoch;
		s_settled = low_;
		s_fresh = 0
	:: else
	fi;
	low_ = 0
}

/* pick: whether SAVE_ENTRIES have gathered */
inline note()
{
	low(low_);
	if
	:: s_fresh && low_ >= s_anew -> save()
	:: pick && !s_fresh -> save()
	:: else
	fi;
	low_ = 0
}

inline offering_send()
{
	if
	:: s_batch != 0 ->
		s_send(OFFER, s_batch, TOKEN(boot, s_position), 0, 0, 0);
		printf("S: offers set %d up to position %d\n", s_batch, s_position);
		s_batch = 0
	:: else
	fi
}

/* item at a position; batched: 0: pushed or left to the walk */
inline look_at(item, place, batched)
{
	if
	:: HAS(s_window, item) -> skip
	:: !HAS(s_window, item) && HAS(sw.stored, item) && place > s_anew -> skip /* peer_has */
	:: else ->
		if
		:: item == ALERT ->
			if
			:: batched -> offering_send()
			:: else
			fi;
			s_send(PUSH, item, TOKEN(boot, s_position), 0, 0, 0);
			printf("S: pushes %d\n", item);
			s_at[item] = s_position + 1;
			s_window = s_window | BIT(item);
			sw.sent = sw.sent | BIT(item)
		:: item != ALERT && batched ->
			s_at[item] = place;
			s_window = s_window | BIT(item);
			s_batch = s_batch | BIT(item)
		:: else
		fi
	fi
}

inline serve_run()
{
	do
	:: s_lane != 0 && s_sent < s_limit ->
		/* the alert's lane, then what is begun, then the rest */
		i = 1;
		do
		:: !HAS(s_lane, i) -> i++
		:: else -> break
		od;
		k = i;
		do
		:: k <= N && HAS(s_lane, k) && s_progress[k] > 0 && s_progress[i] == 0 -> i = k
		:: k <= N && !(HAS(s_lane, k) && s_progress[k] > 0 && s_progress[i] == 0) -> k++
		:: else -> break
		od;
		if
		:: ALERT != 0 && HAS(s_lane, ALERT) -> i = ALERT
		:: else
		fi;
		s_progress[i] = s_progress[i] + 1;
		s_sent++;
		last_ = s_progress[i] == CHUNKS;
		s_send(CHUNK, i, s_progress[i], last_, 0, 0);
		sw.sent = sw.sent | BIT(i);
		if
		:: last_ ->
			s_lane = s_lane & ~BIT(i);
			s_progress[i] = 0
		:: else
		fi
	:: else -> break
	od;
	assert(s_sent <= s_limit);
	i = 0;
	k = 0;
	last_ = 0
}

/* crashed: not even a mutation keeps anything */
inline s_forget(crashed)
{
	s_up = 0;
	s_position = 0;
	s_anew = 0;
	s_settled = 0;
	s_epoch = 0;
	s_fresh = 0;
	s_limit = 0;
#ifdef KEEP_CREDIT
	s_sent = (crashed -> 0 : s_sent);
#else
	s_sent = 0;
#endif
	s_lane = 0;
	s_batch = 0;
	i = 1;
	do
	:: i <= N ->
		s_progress[i] = 0;
#ifdef KEEP_WINDOW
		s_at[i] = (crashed -> 0 : s_at[i]);
#else
		s_at[i] = 0;
#endif
		i++
	:: else -> break
	od;
	i = 0;
#ifdef KEEP_WINDOW
	s_window = (crashed -> 0 : s_window)
#else
	s_window = 0
#endif
}

inline spread_down()
{
	if
	:: s_up ->
		save();
		s_forget(false)
	:: else
	fi
}

inline token_open(token, ret)
{
	ret = HAS(sw.boots, token / 16) && (token & 15) - 1 <= sw.head
}

/* epoch, token and outstanding ids of R's hello */
inline spread_up(new_epoch, its_token, named)
{
	s_up = 1;
	s_limit = CREDIT_START;
	s_epoch = new_epoch;
#ifdef KEEP_MARKS
	if
	:: false ->
#else
	if
	:: sw.epoch != new_epoch ->
#endif
#ifndef EPOCH_AT_ONCE
		s_fresh = 1;
#else
		sw.epoch = new_epoch;
#endif
		s_anew = sw.head;
		s_settled = 0
	:: else ->
		s_settled = sw.position;
		token_open(its_token, first_);
		if
		:: its_token == 0 || first_ -> s_position = sw.position
		:: else
		fi;
#ifdef RESUME_AT_HEAD
		if
		:: its_token == 0 -> s_position = sw.head
		:: else
		fi;
#endif
#ifdef TOKEN_IS_POSITION
		if
		:: its_token != 0 && first_ -> s_position = (its_token & 15) - 1
		:: else
		fi;
#endif
		first_ = 0
	fi;
	printf("S: up, position %d, anew to %d\n", s_position, s_anew);
	/* what R names as outstanding; then alerts that it has not been walked to */
	k = 1;
	do
	:: k <= sw.head ->
		if
		:: HAS(named, sw.log[k]) -> look_at(sw.log[k], s_position + 1, true)
		:: else
		fi;
		k++
	:: else -> break
	od;
	offering_send();
	k = 1;
	do
	:: k <= sw.head ->
		if
		:: sw.log[k] == ALERT && k > s_position -> look_at(sw.log[k], s_position + 1, false)
		:: else
		fi;
		k++
	:: else -> break
	od;
	k = 0;
	note()
}

inline walk()
{
	printf("S: walks from %d\n", s_position);
	do
	:: can_walk ->
		look_at(sw.log[s_position + 1], s_position + 1, true);
		s_position++
	:: else -> break
	od;
	offering_send();
	note()
}

/* Offers again what waits in the window and is not being served. */
inline retry()
{
	s_batch = s_window & ~s_lane;
	offering_send()
}

inline on_want(set)
{
	printf("S: wanted set %d\n", set);
	/* An honest peer asks for what it was offered. */
	assert((set & ~s_window) == 0);
	s_lane = s_lane | set; /* what is in it already is on its way */
	serve_run()
}

inline on_stored(set)
{
	printf("S: stored set %d\n", set);
	/* what is in the window, or went before */
	bits = set & (s_window | sw.sent | sw.stored);
	sw.stored = sw.stored | bits;
	s_window = s_window & ~bits;
	i = 1;
	do
	:: i <= N ->
		if
		:: HAS(bits, i) -> s_at[i] = 0
		:: else
		fi;
		i++
	:: else -> break
	od;
	i = 0;
	bits = 0;
	note()
}

inline on_refused(set)
{
	printf("S: put off set %d\n", set);
	sw.sent = sw.sent & ~(set & s_window & ~sw.stored);
#ifdef DEFER_IS_FINAL
	s_window = s_window & ~set
#endif
}

inline on_credit(given)
{
	if
	:: given > s_limit -> s_limit = given
	:: else
	fi;
	/* R never gave more since this hello. */
	assert(r_limit >= s_limit || !r_up);
	serve_run()
}

/* ---- R: batches of what was offered, and their tokens */

inline pending(batch, ret)
{
	ret = 0;
	i = 1;
	do
	:: i <= N ->
		if
		:: HAS(r_slots, i) && r_batch[i] == batch -> ret++
		:: else
		fi;
		i++
	:: else -> break
	od;
	i = 0
}

inline batch_begin(token)
{
	pending(r_batches, pending_);
	if
	:: r_batches == 0 || (pending_ > 0 && r_batches < BATCHES) ->
		r_batches++;
		r_tokens[r_batches] = 0
	:: else
	fi;
	pending_ = 0;
	if
	:: token != 0 -> r_tokens[r_batches] = token
	:: else
	fi
}

inline batch_end()
{
	do
	:: r_batches > 0 ->
		pending(1, pending_);
		if
		:: pending_ > 0 -> break
		:: else
		fi;
		if
		:: r_tokens[1] != 0 ->
			r_token = r_tokens[1];
			r_unsaved = 1
		:: else
		fi;
		i = 1;
		do
		:: i <= N ->
			if
			:: r_batch[i] > 0 -> r_batch[i] = r_batch[i] - 1
			:: else
			fi;
			i++
		:: else -> break
		od;
		i = 1;
		do
		:: i < BATCHES ->
			r_tokens[i] = r_tokens[i + 1];
			i++
		:: else -> break
		od;
		r_tokens[BATCHES] = 0;
		r_batches--
	:: else -> break
	od;
	i = 0;
	pending_ = 0
}

/* The furthest token with at most OUTSTANDING ids before it. */
inline save_token()
{
	r_unsaved = 0;
	low_ = r_token;
	k = 1;
	bits = 0;
	do
	:: k <= r_batches ->
		pending(k, pending_);
		bits = bits + pending_;
		if
		:: bits > OUTSTANDING -> break
		:: bits <= OUTSTANDING && r_tokens[k] != 0 ->
			low_ = r_tokens[k];
			end_ = k
		:: else
		fi;
		k++
	:: else -> break
	od;
	bits = 0;
	i = 1;
	do
	:: i <= N ->
		if
		:: HAS(r_slots, i) && r_batch[i] <= end_ -> bits = bits | BIT(i)
		:: else
		fi;
		i++
	:: else -> break
	od;
#ifdef TOKEN_OVER_PENDING
	bits = 0;
#endif
	if
	:: low_ != 0 ->
		rw.token = low_;
		rw.outstanding = bits;
		printf("R: keeps token for %d, outstanding set %d\n", (low_ & 15) - 1, bits)
	:: else
	fi;
	i = 0;
	k = 0;
	bits = 0;
	low_ = 0;
	end_ = 0;
	pending_ = 0
}

/* ---- R: slots */

/* The link that offered the item has its answer. */
inline settle(item)
{
	r_waiting = r_waiting & ~BIT(item); /* kai_wanted_leave */
	r_wanted = r_wanted & ~BIT(item);
	r_stuck = r_stuck & ~BIT(item);
	r_have[item] = 0;
	r_slots = r_slots & ~BIT(item);
	r_batch[item] = 0;
	if
	:: HAS(r_asked, item) -> r_late = r_late | BIT(item)
	:: else
	fi;
	r_unsaved = 1;
	batch_end()
}

inline quiet_slot(item)
{
	r_asked = r_asked & ~BIT(item);
	r_late = r_late & ~BIT(item);
	r_twice = r_twice & ~BIT(item)
}

/* One offerer: nobody else can be asked. */
inline stall()
{
	printf("R: no progress\n");
	r_stuck = r_stuck | r_wanted;
	r_wanted = 0
}

inline take_up(item)
{
	if
	:: !HAS(r_slots, item) ->
		r_late = r_late & ~BIT(item);
		r_slots = r_slots | BIT(item);
		r_batch[item] = r_batches
	:: else
	fi;
	if
	:: HAS(r_stuck, item) ->
		r_stuck = r_stuck & ~BIT(item);
		r_have[item] = 0;
		r_waiting = r_waiting | BIT(item)
	:: !HAS(r_stuck | r_waiting | r_wanted, item) -> r_waiting = r_waiting | BIT(item)
	:: else
	fi
}

inline on_offer(set, token)
{
	batch_begin(token);
	k = 1;
	do
	:: k <= N ->
		if
		:: HAS(set, k) && HAS(rw.held, k) -> r_answers = r_answers | BIT(k)
		:: HAS(set, k) && !HAS(rw.held, k) -> take_up(k)
		:: else
		fi;
		k++
	:: else -> break
	od;
	k = 0;
	batch_end()
}

/* pick: it is put off */
inline admitted(item)
{
	if
	:: pick && !HAS(rw.held, item) ->
		printf("R: puts off %d\n", item);
		r_refused = r_refused | BIT(item);
		put_off = put_off | BIT(item)
	:: else ->
		printf("R: stores %d\n", item);
		rw.held = rw.held | BIT(item);
		r_answers = r_answers | BIT(item)
	fi;
	if
	:: HAS(r_slots, item) -> settle(item)
	:: else
	fi
}

inline on_pushed(item, token)
{
	admitted(item);
	batch_begin(token);
	batch_end()
}

inline answer_credit()
{
	r_received++;
	assert(r_received <= r_limit);
	if
	:: r_received + CREDIT_START / 2 >= r_limit ->
		r_limit = r_received + CREDIT_START;
		r_send(CREDIT, r_limit, 0, 0, 0, 0)
	:: else
	fi
}

inline on_chunk(item, number, is_last)
{
	answer_credit();
	/* An honest peer sends what it was asked for. */
	assert(HAS(r_slots | r_late, item) && HAS(r_asked, item));
	first_ = HAS(r_wanted | r_stuck, item);
	last_ = HAS(r_twice, item) && r_have[item] == 0 && number != 1; /* a remnant */
	if
	:: !first_ || last_ ->
		if
		:: is_last ->
			r_twice = r_twice & ~BIT(item);
			if
			:: !last_ -> quiet_slot(item)
			:: else
			fi
		:: else
		fi
	:: else ->
		if
		:: is_last && !HAS(r_twice, item) -> r_asked = r_asked & ~BIT(item)
		:: is_last && HAS(r_twice, item) -> r_twice = r_twice & ~BIT(item)
		:: else
		fi;
		/* in order, and from its head on */
		assert(number == r_have[item] + 1);
		if
		:: is_last -> admitted(item)
		:: else ->
			r_have[item] = number;
			r_stuck = r_stuck & ~BIT(item);
			r_wanted = r_wanted | BIT(item)
		fi
	fi;
	first_ = 0;
	last_ = 0
}

/* hold_: `stored` waits for company; keep_: the token is not saved yet */
inline flush(hold_, keep_)
{
	if
	:: r_refused != 0 ->
		r_send(REFUSE, r_refused, 0, 0, 0, 0);
		r_refused = 0
	:: else
	fi;
	i = 1;
	do
	:: i <= N && HAS(r_waiting, i) && promised <= CREDIT_START / 2 &&
	   (promised == 0 || promised + CHUNKS <= CREDIT_START) ->
		r_waiting = r_waiting & ~BIT(i);
		r_wanted = r_wanted | BIT(i);
		if
		:: HAS(r_asked, i) -> r_twice = r_twice | BIT(i)
		:: else -> r_twice = r_twice & ~BIT(i)
		fi;
		r_asked = r_asked | BIT(i);
		r_want = r_want | BIT(i);
		i++
	:: i <= N && !(HAS(r_waiting, i) && promised <= CREDIT_START / 2 &&
		       (promised == 0 || promised + CHUNKS <= CREDIT_START)) -> i++
	:: else -> break
	od;
	i = 0;
	if
	:: r_want != 0 ->
		r_send(WANT, r_want, 0, 0, 0, 0);
		printf("R: wants set %d\n", r_want);
		r_want = 0
	:: else
	fi;
	if
	:: r_answers != 0 && !(hold_ && r_wanted != 0) ->
		r_send(STORED, r_answers, 0, 0, 0, 0);
		printf("R: says stored, set %d\n", r_answers);
		r_answers = 0
	:: else
	fi;
	if
	:: r_unsaved && !keep_ -> save_token()
	:: else
	fi
}

inline r_forget()
{
	r_up = 0;
	r_slots = 0;
	r_late = 0;
	r_asked = 0;
	r_twice = 0;
	r_waiting = 0;
	r_wanted = 0;
	r_stuck = 0;
	r_batches = 0;
	r_token = 0;
	r_received = 0;
	r_limit = 0;
	r_answers = 0;
	r_refused = 0;
	r_want = 0;
	r_unsaved = 0;
	i = 1;
	do
	:: i <= N ->
		r_batch[i] = 0;
		r_have[i] = 0;
		i++
	:: else -> break
	od;
	i = 1;
	do
	:: i <= BATCHES ->
		r_tokens[i] = 0;
		i++
	:: else -> break
	od;
	i = 0
}

inline fetch_up()
{
	r_up = 1;
	r_received = 0;
	r_limit = CREDIT_START
}

inline fetch_down()
{
	if
	:: r_up ->
		if
		:: r_unsaved -> save_token()
		:: else
		fi;
		r_forget()
	:: else
	fi
}

/* ---- the link, at end x */

inline enter(x, next)
{
	if
	:: l[x].state == UP ->
		if
		:: x == S -> spread_down()
		:: else -> fetch_down()
		fi
	:: else
	fi;
	l[x].state = next;
	if
	:: next == DOWN -> l[x].peer_greeted = 0
	:: next == GREETING -> l[x].answered = 0
	:: else
	fi
}

/* fetch_hello: R returns its token */
inline say_hello(x, answer)
{
	if
	:: x == S -> s_send(HELLO, l[S].mine, answer, 0, 0, 0)
	:: else -> r_send(HELLO, l[R].mine, answer, rw.epoch, rw.token, rw.outstanding)
	fi
}

inline greet(x)
{
	enter(x, GREETING);
	nonces++;
	l[x].mine = nonces;
	say_hello(x, 0)
}

inline link_up(x)
{
	printf("%c: connected\n", 'S' - x);
	event[x] = NOTHING;
	enter(x, DOWN);
	l[x].connected = 1;
	greet(x)
}

inline link_down(x)
{
	printf("%c: disconnected\n", 'S' - x);
	event[x] = NOTHING;
	l[x].connected = 0;
	enter(x, DOWN)
}

inline greet_again(x)
{
	printf("%c: greets again\n", 'S' - x);
	greet(x)
}

inline on_hello(x, nonce, answer, new_epoch, its_token, named)
{
	first_ = !l[x].peer_greeted || nonce != l[x].theirs;
	if
	:: l[x].state == DOWN ->
		enter(x, GREETING);
		nonces++;
		l[x].mine = nonces
	:: l[x].state == UP && first_ -> enter(x, GREETING)
	:: else
	fi;
	if
	:: first_ ->
		l[x].theirs = nonce;
		l[x].peer_greeted = 1;
		l[x].answered = 0
	:: else
	fi;
	first_ = 0;
	if
	:: !l[x].answered ->
		l[x].answered = 1;
		say_hello(x, l[x].theirs)
	:: else
	fi;
	if
#ifdef ANY_HELLO
	:: l[x].state == GREETING ->
#else
	:: l[x].state == GREETING && answer == l[x].mine ->
#endif
		enter(x, UP);
		if
		:: x == S -> spread_up(new_epoch, its_token, named)
		:: else -> fetch_up()
		fi
	:: else
	fi
}

/* Both ends see the connection go. What the peers' sockets hold of it comes after the next one. */
inline cut()
{
	wire = 0;
	event[S] = WENT;
	event[R] = WENT
}

inline no_hello(x)
{
	printf("%c: no hello\n", 'S' - x);
	enter(x, DOWN);
	cut()
}

/* ---- turns */

inline s_copy(to, from)
{
	to.head = from.head;
	i = 1;
	do
	:: i <= N ->
		to.log[i] = from.log[i];
		i++
	:: else -> break
	od;
	i = 0;
	to.sent = from.sent;
	to.stored = from.stored;
	to.position = from.position;
	to.epoch = from.epoch;
	to.boots = from.boots
}

inline r_copy(to, from)
{
	to.held = from.held;
	to.token = from.token;
	to.outstanding = from.outstanding;
	to.epoch = from.epoch
}

inline publish()
{
	published++;
	printf("S: publishes %d\n", published);
	sw.head = sw.head + 1;
	sw.log[sw.head] = published;
	if
	:: s_up && published == ALERT && opened < WINDOW -> look_at(published, s_position + 1, false)
	:: else
	fi
}

proctype sender()
{
	mtype type;
	byte a, b, c, d, e;

	do
	:: atomic { s_can && event[S] == CAME -> d_step { link_up(S); open[S]++; clear_scratch() } }
	:: atomic { s_can && event[S] == WENT -> d_step { link_down(S); open[S]++; clear_scratch() } }
	:: atomic {
		s_can && event[S] == NOTHING && l[S].connected && nempty(to_s) ->
		to_s?type, a, b, c, d, e;
		if
		:: type == STORED && l[S].state == UP -> pick = 1
		:: true
		fi;
		d_step {
			open[S]++;
			if
			:: type == HELLO -> on_hello(S, a, b, c, d, e)
			:: l[S].state == UP && type == WANT -> on_want(a)
			:: l[S].state == UP && type == STORED -> on_stored(a)
			:: l[S].state == UP && type == REFUSE -> on_refused(a)
			:: l[S].state == UP && type == CREDIT -> on_credit(a)
			:: else /* of a session that is over */
			fi;
			type = 0; a = 0; b = 0; c = 0; d = 0; e = 0;
			clear_scratch()
		}
	   }
	:: atomic { s_can && event[S] == NOTHING && published < N && sw.head < N ->
		d_step { publish(); open[S]++; clear_scratch() } }
	:: atomic { s_can && event[S] == NOTHING && s_up && can_walk ->
		d_step { walk(); open[S]++; clear_scratch() } }
	/* timers */
	:: atomic { s_can && quiet && l[S].state == GREETING ->
		d_step { no_hello(S); open[S]++; clear_scratch() } }
	:: atomic { s_can && quiet && s_up && (s_window & ~s_lane) != 0 ->
		d_step { printf("S: offers again\n"); retry(); open[S]++; clear_scratch() } }
	:: atomic { s_can && s_up && event[S] == NOTHING && (s_window & ~s_lane) != 0 && faults > 0 ->
		d_step { faults--; printf("S: offers again too soon\n"); retry(); open[S]++; clear_scratch() } }
	/* terms changed */
	:: atomic { s_can && l[S].state != DOWN && event[S] == NOTHING && faults > 0 ->
		d_step { faults--; greet_again(S); open[S]++; clear_scratch() } }
	/* the end of the turn */
	:: open[S] > 0 ->
		d_step {
			s_copy(sd, sw);
			check();
			do
			:: nempty(out_s) ->
				out_s?type, a, b, c, d, e;
				assert(nfull(to_r));
				to_r!type, a, b, c, d, e
			:: empty(out_s) -> break
			od;
			open[S] = 0;
			type = 0; a = 0; b = 0; c = 0; d = 0; e = 0;
			clear_scratch()
		}
	:: finished -> break
	od
}

proctype receiver()
{
	mtype type;
	byte a, b, c, d, e;
	bool hold, keep;

	do
	:: atomic { r_can && event[R] == CAME -> d_step { link_up(R); open[R]++; clear_scratch() } }
	:: atomic { r_can && event[R] == WENT -> d_step { link_down(R); open[R]++; clear_scratch() } }
	:: atomic {
		r_can && event[R] == NOTHING && l[R].connected && nempty(to_r) ->
		to_r?type, a, b, c, d, e;
		if
		:: faults > 0 && l[R].state == UP && (type == PUSH || (type == CHUNK && c)) -> pick = 1; faults--
		:: true
		fi;
		if
		:: l[R].state == UP && type == CHUNK && c -> hold = 1
		:: true
		fi;
		if
		:: l[R].state == UP && type != HELLO -> keep = 1
		:: true
		fi;
		d_step {
			open[R]++;
			if
			:: type == HELLO -> on_hello(R, a, b, c, d, e)
			:: l[R].state == UP && type == OFFER -> on_offer(a, b)
			:: l[R].state == UP && type == PUSH -> on_pushed(a, b)
			:: l[R].state == UP && type == CHUNK -> on_chunk(a, b, c)
			:: else /* of a session that is over */
			fi;
			if
			:: r_up -> flush(hold, keep)
			:: else
			fi;
			type = 0; a = 0; b = 0; c = 0; d = 0; e = 0; hold = 0; keep = 0;
			clear_scratch()
		}
	   }
	/* timers */
	:: atomic { r_can && quiet && l[R].state == GREETING ->
		d_step { no_hello(R); open[R]++; clear_scratch() } }
	:: atomic { r_can && quiet && (r_answers != 0 || r_unsaved || r_late != 0) ->
		d_step {
			i = 1;
			do
			:: i <= N ->
				if
				:: HAS(r_late, i) -> quiet_slot(i)
				:: else
				fi;
				i++
			:: else -> break
			od;
			flush(false, false);
			open[R]++;
			clear_scratch()
		}
	   }
	:: atomic { r_can && r_up && event[R] == NOTHING && r_wanted != 0 && faults > 0 ->
		d_step {
			faults--;
			stall();
			open[R]++;
			clear_scratch()
		}
	   }
	/* terms changed */
	:: atomic { r_can && l[R].state != DOWN && event[R] == NOTHING && faults > 0 ->
		d_step { faults--; greet_again(R); open[R]++; clear_scratch() } }
	/* the end of the turn */
	:: open[R] > 0 ->
		d_step {
			r_copy(rd, rw);
			lost = lost & ~rd.held;
			check();
			do
			:: nempty(out_r) ->
				out_r?type, a, b, c, d, e;
				assert(nfull(to_s));
				to_s!type, a, b, c, d, e
			:: empty(out_r) -> break
			od;
			open[R] = 0;
			type = 0; a = 0; b = 0; c = 0; d = 0; e = 0;
			clear_scratch()
		}
	:: finished -> break
	od
}

/* ---- what goes wrong, and the network that mends itself */

inline drain(from)
{
	do
	:: nempty(from) -> from?_, _, _, _, _, _
	:: empty(from) -> break
	od
}

inline forget_link(x)
{
	l[x].state = DOWN;
	l[x].connected = 0;
	l[x].peer_greeted = 0;
	l[x].answered = 0;
	l[x].mine = 0;
	l[x].theirs = 0;
	open[x] = 0;
	cut();
	event[x] = NOTHING
}

/* The store comes back as it is on disk, with a new boot id: record_boot. */
inline s_start()
{
	drain(out_s);
	drain(to_r);
	s_forget(true);
	forget_link(S);
	boot++;
	sd.boots = sd.boots | BIT(boot);
	s_copy(sw, sd);
	check();
	clear_scratch()
}

inline r_start()
{
	drain(out_r);
	drain(to_s);
	r_forget();
	forget_link(R);
	r_copy(rw, rd);
	check();
	clear_scratch()
}

proctype world()
{
	do
	:: atomic { !wire && event[S] == NOTHING && event[R] == NOTHING ->
		do
		:: nempty(to_r) -> to_r?_, _, _, _, _, _
		:: len(to_r) <= STALE -> break
		od;
		do
		:: nempty(to_s) -> to_s?_, _, _, _, _, _
		:: len(to_s) <= STALE -> break
		od;
		d_step {
			wire = 1;
			event[S] = CAME;
			event[R] = CAME
		}
	   }
	:: atomic { faults > 0 && wire -> d_step { faults--; printf("world: the connection is cut\n"); cut() } }
	:: atomic { faults > 0 -> d_step { faults--; printf("world: S crashes\n"); s_start() } }
	:: atomic { faults > 0 -> d_step { faults--; printf("world: R crashes\n"); r_start() } }
	/* R from an old backup: kairan restore begins a new epoch */
	:: atomic { faults > 0 && rd.held != 0 ->
		d_step {
			faults--;
			printf("world: R is set back\n");
			lost = lost | rd.held;
			rd.held = 0;
			rd.token = 0;
			rd.outstanding = 0;
			rd.epoch = rd.epoch + 1;
			r_start()
		}
	   }
#ifdef SETBACK
	/* S from an old backup, and its epoch with it: the worst that a careless hand can do */
	:: atomic { backup.boots == 0 -> d_step { s_copy(backup, sd); clear_scratch() } }
	:: atomic { faults > 0 && backup.boots != 0 ->
		d_step {
			faults--;
			printf("world: S is set back\n");
			set_back = 1;
			s_copy(sd, backup);
			i = 1;
			bits = 0;
			do
			:: i <= sd.head ->
				bits = bits | BIT(sd.log[i]);
				i++
			:: else -> break
			od;
			gone = gone | (kept & ~bits);
			kept = kept & bits;
			s_start()
		}
	   }
#endif
	:: d_step { faults > 0 -> faults-- } /* one that does not happen */
	:: finished -> break
	od
}

init {
	d_step {
		l[S].state = DOWN;
		l[R].state = DOWN;
		event[S] = NOTHING;
		event[R] = NOTHING;
		rd.epoch = 1;
		rw.epoch = 1;
		boot = 1;
		sd.boots = BIT(1);
		sw.boots = BIT(1)
	};
	atomic { run sender(); run receiver(); run world() }
}

#ifdef LIVENESS
/* After the last fault every item arrives, and S comes to know it. */
ltl arrives { <>[] delivered }
#endif
