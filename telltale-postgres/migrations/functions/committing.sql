-- How steps are written down.

-- Writes steps down, of sessions that differ. Gives which of them were written: the others were done by somebody else, or their sessions have
-- ended.
--
-- statuses: 0 held, 1 waits, 2 again, 3 rests (and is held, if there is a time), 4 done, 5 faulted. The reason of a part that is held is what its
-- time is called.
CREATE OR REPLACE FUNCTION telltale.commit(
    sessions text[], roles smallint[], incarnations bigint[], versions bigint[], claims bytea[], shown bytea[], told boolean[],
    states bytea[], statuses smallint[], agains bigint[], reasons text[], marks bigint[],
    taken_of integer[], taken_session text[], taken_from smallint[], taken_lane integer[], taken_number bigint[],
    sent_of integer[], sent_session text[], sent_to smallint[], sent_lane integer[], sent_number bigint[], sent_label integer[], sent_payload bytea[])
RETURNS integer[]
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = telltale, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off SET plan_cache_mode = force_generic_plan SET lock_timeout = '3s'
AS $$
DECLARE
    locked text[];
    late text[];
    is_free boolean := telltale.is_owner();
    allowed bigint[];
    written integer[];
    topics bigint[];
    expected bigint;
    put bigint;
    first_id bigint;
    bound telltale.bounds;
    step record;
BEGIN
    PERFORM telltale.check_isolation();
    IF cardinality(sessions) <> (SELECT count(DISTINCT s) FROM unnest(sessions) s) THEN
        PERFORM telltale.refuse('malformed', 'two steps of one session together');
        RAISE invalid_parameter_value USING MESSAGE = 'two steps of one session are not written down together';
    END IF;
    IF NOT is_free THEN
        allowed := ARRAY(
            SELECT s.topic FROM telltale.login l JOIN telltale.seat s ON s.image = l.image AND s.role = l.role
            WHERE l.login = session_user);
    END IF;
    -- Commits of a session happen one after the other, and nobody waits for somebody who waits for him. Who has nothing to do with a
    -- session locks none.
    locked := ARRAY(
        SELECT p.session FROM unnest(sessions, roles, shown) t (session, role, shown)
        JOIN telltale.part p ON p.session = t.session AND p.role = t.role
        WHERE CASE WHEN p.ticket IS NULL THEN is_free OR p.topic = ANY (allowed) ELSE p.ticket = sha256(t.shown) END);
    IF cardinality(locked) < cardinality(sessions) AND EXISTS (
        SELECT FROM unnest(sessions, roles) t (session, role)
        JOIN telltale.part p ON p.session = t.session AND p.role = t.role WHERE NOT t.session = ANY (locked))
    THEN
        PERFORM telltale.refuse('not_allowed', 'it may not play a part of which it has given a step');
    END IF;
    SELECT array_agg(s.key) FILTER (WHERE s.due <= now()) INTO late
    FROM (SELECT e.key, e.due FROM telltale.session e WHERE e.key = ANY (locked) ORDER BY e.key FOR NO KEY UPDATE) s;
    IF late IS NOT NULL THEN
        PERFORM telltale.expire_one(key) FROM unnest(late) key;
    END IF;
    WITH done AS (
        UPDATE telltale.part p
        SET state = t.state, version = p.version + 1, attempts = 0, claim = NULL, claimed = NULL,
            rests = t.status = 3, done = t.status >= 4 OR e.ending IS NOT NULL,
            wake = CASE WHEN t.status = 2 AND e.ending IS NULL THEN now() + t.again * interval '1 microsecond' END,
            held_until = CASE WHEN t.status IN (0, 3) AND e.ending IS NULL THEN now() + t.again * interval '1 microsecond' END,
            held_text = CASE WHEN t.status IN (0, 3) THEN left(t.reason, 100) END
        FROM unnest(sessions, roles, incarnations, versions, shown, told, states, statuses, agains, reasons)
            WITH ORDINALITY t (session, role, incarnation, version, shown, told, state, status, again, reason, nth)
        JOIN telltale.session e ON e.key = t.session
        WHERE e.incarnation = t.incarnation AND t.told = (e.ending IS NOT NULL)
            AND p.session = t.session AND p.role = t.role AND p.version = t.version AND NOT p.done
            AND t.status BETWEEN 0 AND 5 AND t.session = ANY (locked)
        RETURNING t.nth)
    SELECT coalesce(array_agg(nth), '{}') INTO written FROM done;

    IF cardinality(written) < cardinality(sessions) THEN
        UPDATE telltale.part p SET claim = NULL, claimed = NULL
        FROM unnest(sessions, roles, claims) WITH ORDINALITY t (session, role, claim, nth)
        WHERE NOT t.nth = ANY (written) AND p.session = t.session AND p.role = t.role AND p.claim = t.claim;
    END IF;

    IF cardinality(taken_of) > 0 THEN
        DELETE FROM telltale.message m
        USING unnest(taken_of, taken_session, taken_from, taken_lane, taken_number) t (of, session, sender, lane, number)
        WHERE t.of = ANY (written)
            AND m.session = t.session AND m.receiver = roles[t.of] AND m.sender = t.sender AND m.lane = t.lane AND m.number = t.number
            AND m.session = sessions[t.of];
    END IF;

    -- What was offered and not taken is nothing new.
    IF EXISTS (SELECT FROM unnest(marks) m WHERE m IS NOT NULL) THEN
        UPDATE telltale.message m SET fresh = false
        FROM unnest(sessions, roles, marks) WITH ORDINALITY t (session, role, mark, nth)
        WHERE t.mark IS NOT NULL AND t.nth = ANY (written)
            AND m.session = t.session AND m.receiver = t.role AND m.fresh AND m.id <= t.mark;
    END IF;

    IF cardinality(sent_of) > 0 THEN
        SELECT * INTO bound FROM telltale.bounds;
        SELECT count(*) INTO expected FROM unnest(sent_of) o WHERE o = ANY (written) AND NOT told[o];
        first_id := nextval('telltale.message_id');
        WITH entered AS (
            INSERT INTO telltale.message (session, receiver, sender, lane, number, label, payload, id, topic)
            SELECT t.session, t.receiver, roles[t.of], t.lane, t.number, t.label, t.payload, nextval('telltale.message_id'), p.topic
            FROM unnest(sent_of, sent_session, sent_to, sent_lane, sent_number, sent_label, sent_payload)
                t (of, session, receiver, lane, number, label, payload)
            JOIN telltale.part p ON p.session = t.session AND p.role = t.receiver
            WHERE t.of = ANY (written) AND NOT told[t.of] AND NOT p.done AND t.session = sessions[t.of]
                AND t.number >= 0 AND t.lane BETWEEN 0 AND 65535 AND t.label BETWEEN 0 AND 65535
                AND octet_length(t.payload) <= bound.payload
            ON CONFLICT DO NOTHING
            RETURNING topic)
        SELECT count(*), array_agg(DISTINCT topic) INTO put, topics FROM entered;
        IF put < expected OR EXISTS (
            SELECT FROM unnest(sent_of, sent_session, sent_to, sent_lane, sent_number) t (of, session, receiver, lane, number)
            WHERE t.number >= bound.channel AND t.of = ANY (written)
                AND t.number - telltale.oldest(t.session, t.receiver, roles[t.of], t.lane) >= bound.channel)
        THEN
            PERFORM telltale.blame(written, sessions, roles, told, sent_of, sent_to, sent_lane, sent_number, sent_payload, first_id, bound);
        END IF;
    END IF;

    UPDATE telltale.session e SET moved = now()
    FROM unnest(sessions, versions) WITH ORDINALITY t (session, version, nth)
    WHERE t.nth = ANY (written) AND e.key = t.session AND e.idle IS NOT NULL
        AND (t.version = 0 OR t.nth = ANY (taken_of) OR t.nth = ANY (sent_of));

    FOR step IN
        SELECT t.session, t.role, t.status, t.reason, t.told, coalesce(octet_length(t.state), 0) size
        FROM unnest(sessions, roles, statuses, reasons, told, states) WITH ORDINALITY t (session, role, status, reason, told, state, nth)
        WHERE (t.status >= 3 OR t.told OR octet_length(t.state) > 65536) AND t.nth = ANY (written)
    LOOP
        IF step.told THEN
            IF NOT EXISTS (SELECT FROM telltale.part WHERE session = step.session AND NOT done) THEN
                PERFORM telltale.forget_parts(step.session);
            END IF;
        ELSIF step.status = 5 THEN
            PERFORM telltale.finish(step.session, 3::smallint, telltale.name_of(step.session, step.role),
                left(step.reason, (SELECT reason FROM telltale.bounds)));
        ELSIF step.size > (SELECT state FROM telltale.bounds) THEN
            PERFORM telltale.refuse('too_large', format('the state of a part of %L has %s bytes', step.session, step.size));
            PERFORM telltale.finish(step.session, 3::smallint, telltale.name_of(step.session, step.role),
                format('what is to be written down of `%s` has %s bytes, and `telltale.bounds` allows %s',
                    telltale.name_of(step.session, step.role), step.size, (SELECT state FROM telltale.bounds)));
        ELSIF step.status >= 3 AND NOT EXISTS (
            SELECT FROM telltale.part p WHERE p.session = step.session AND NOT p.done AND NOT (
                p.rests AND NOT EXISTS (
                    SELECT FROM telltale.message m WHERE m.session = p.session AND m.receiver = p.role)))
        THEN
            PERFORM telltale.finish(step.session, 1::smallint, NULL, NULL);
        END IF;
    END LOOP;

    IF topics IS NOT NULL THEN
        PERFORM telltale.rouse(topics);
    END IF;
    RETURN written;
END
$$;

-- Ends the sessions in which a message could not be sent, in the name of who has tried.
CREATE OR REPLACE FUNCTION telltale.blame(
    written integer[], sessions text[], roles smallint[], told boolean[],
    sent_of integer[], sent_to smallint[], sent_lane integer[], sent_number bigint[], sent_payload bytea[], first_id bigint, bound telltale.bounds)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    bad record;
    who text;
    why text;
BEGIN
    FOR bad IN
        SELECT DISTINCT ON (t.of) sessions[t.of] session, roles[t.of] role, t.receiver, t.number, t.lane, p.name, p.done, octet_length(t.payload) size,
            t.number - telltale.oldest(sessions[t.of], t.receiver, roles[t.of], t.lane) >= bound.channel are_too_many,
            m.id IS NOT NULL is_there
        FROM unnest(sent_of, sent_to, sent_lane, sent_number, sent_payload) WITH ORDINALITY t (of, receiver, lane, number, payload, nth)
        LEFT JOIN telltale.part p ON p.session = sessions[t.of] AND p.role = t.receiver
        LEFT JOIN telltale.message m ON m.session = sessions[t.of] AND m.receiver = t.receiver AND m.sender = roles[t.of]
            AND m.lane = t.lane AND m.number = t.number
        WHERE t.of = ANY (written) AND NOT told[t.of]
            -- It is not there, or was there before, or is there for another one; or it is one too many.
            AND (m.id IS NULL OR m.id < first_id
                OR t.number - telltale.oldest(sessions[t.of], t.receiver, roles[t.of], t.lane) >= bound.channel OR (
                SELECT count(*) FROM unnest(sent_of, sent_to, sent_lane, sent_number) o (of, receiver, lane, number)
                WHERE o.of = t.of AND o.receiver = t.receiver AND o.lane = t.lane AND o.number = t.number) > 1)
        ORDER BY t.of, t.nth
    LOOP
        who := telltale.name_of(bad.session, bad.role);
        why := CASE
            WHEN bad.name IS NULL THEN format('`%s` has sent a message to `nobody`, which is done', who)
            WHEN bad.done THEN format('`%s` has sent a message to `%s`, which is done', who, bad.name)
            WHEN bad.number < 0 OR bad.lane NOT BETWEEN 0 AND 65535 THEN format('`%s` has sent a message to `%s` that has no place', who, bad.name)
            WHEN bad.size > bound.payload THEN format('`%s` has sent %s bytes to `%s`, and `telltale.bounds` allows %s', who, bad.size, bad.name, bound.payload)
            WHEN bad.are_too_many THEN format('`%s` has sent more than %s messages to `%s` that it has not taken', who, bound.channel, bad.name)
            WHEN bad.is_there THEN format('`%s` has sent message number %s to `%s` twice', who, bad.number, bad.name)
            ELSE format('`%s` has sent a message to `%s` that no protocol has', who, bad.name)
        END;
        PERFORM telltale.refuse(
            CASE WHEN bad.are_too_many THEN 'too_many' WHEN bad.size > bound.payload THEN 'too_large' ELSE 'no_message' END,
            format('%s, in %L', why, bad.session));
        PERFORM telltale.finish(bad.session, 3::smallint, who, why);
    END LOOP;
END
$$;

-- The number of the message of a channel that has been on its way longest.
CREATE OR REPLACE FUNCTION telltale.oldest(of_session text, to_role smallint, from_role smallint, of_lane integer) RETURNS bigint
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (
        SELECT number FROM telltale.message
        WHERE session = of_session AND receiver = to_role AND sender = from_role AND lane = of_lane
        ORDER BY number LIMIT 1);
END
$$;

CREATE OR REPLACE FUNCTION telltale.name_of(of_session text, of_role smallint) RETURNS text
LANGUAGE plpgsql STABLE
AS $$ BEGIN RETURN (SELECT name FROM telltale.part WHERE session = of_session AND role = of_role); END $$;
