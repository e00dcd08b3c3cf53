-- What can be done with sessions. Each function is one transaction, and runs with the rights of its owner: the logins of services
-- have no rights to the tables.
--
-- The functions that are called from outside fix a search path, and settings with which plans are made once for each connection, and
-- with indexes, however small or old the statistics of a table are. Those that are called by them run with the same.
--
-- They are replaced as a whole whenever the database is migrated, and keep their names and arguments, so a process that is
-- older goes on. None is in SQL alone, as such a function is planned in each call.

-- Whether whoever asks may do everything, as the owner may.
CREATE OR REPLACE FUNCTION telltale.is_owner() RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$ BEGIN RETURN pg_has_role(session_user, current_user, 'MEMBER'); END $$;

-- Whether whoever asks may play a role, or start sessions where it is -1; or any of both where it is null.
CREATE OR REPLACE FUNCTION telltale.may_play(of_image bytea, of_role smallint) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN pg_has_role(session_user, current_user, 'MEMBER') OR EXISTS (
        SELECT FROM telltale.login l
        WHERE l.login = session_user AND l.image = of_image AND (of_role IS NULL OR l.role = of_role));
END
$$;

-- Whoever has waited for a session has to see what was done in it meanwhile.
CREATE OR REPLACE FUNCTION telltale.check_isolation() RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE invalid_transaction_state USING MESSAGE = format(
            'the isolation of transactions is `%s`, and has to be `read committed`: see `default_transaction_isolation`',
            current_setting('transaction_isolation'));
    END IF;
END
$$;

-- Tells those who wait for one of these topics.
CREATE OR REPLACE FUNCTION telltale.rouse(topics bigint[]) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    to_wake text;
BEGIN
    FOR to_wake IN
        DELETE FROM telltale.sleeper s USING (
            SELECT w.topic, w.channel FROM telltale.sleeper w
            WHERE w.topic = ANY (topics) AND w.until > now() FOR UPDATE SKIP LOCKED) w
        WHERE s.topic = w.topic AND s.channel = w.channel
        RETURNING s.channel
    LOOP
        PERFORM pg_notify(to_wake, '');
    END LOOP;
END
$$;

-- Ends a session that has not ended. Its row is locked by whoever calls.
CREATE OR REPLACE FUNCTION telltale.finish(of_session text, how smallint, by_whom text, why text) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    told bigint[];
BEGIN
    UPDATE telltale.session SET ending = how, ending_by = by_whom, ending_reason = why, ended = now(), due = NULL
    WHERE key = of_session AND ending IS NULL;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    DELETE FROM telltale.message WHERE session = of_session;
    -- Who has not begun need not be told.
    WITH changed AS (
        UPDATE telltale.part
        SET done = version = 0, wake = CASE WHEN version > 0 THEN now() END
        WHERE session = of_session AND NOT done
        RETURNING topic, done)
    SELECT array_agg(topic) INTO told FROM changed WHERE NOT changed.done;
    IF told IS NULL THEN
        PERFORM telltale.forget_parts(of_session);
    ELSE
        PERFORM telltale.rouse(told);
    END IF;
END
$$;

-- A session that is over keeps its name and its ending, and those seats that somebody may still ask for.
CREATE OR REPLACE FUNCTION telltale.forget_parts(of_session text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    DELETE FROM telltale.part WHERE session = of_session AND ticket IS NULL;
    UPDATE telltale.part SET state = NULL WHERE session = of_session AND state IS NOT NULL;
END
$$;

-- Ends a session if its time is over. Its row is locked by whoever calls.
CREATE OR REPLACE FUNCTION telltale.expire_one(of_session text) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    s telltale.session;
    what text;
    waiting text;
BEGIN
    SELECT * INTO s FROM telltale.session WHERE key = of_session;
    IF s.ending IS NOT NULL THEN
        RETURN;
    END IF;
    IF s.deadline <= now() THEN
        what := s.deadline_text || ' in all';
    ELSIF s.moved + s.idle <= now() THEN
        what := s.idle_text || ' in which nothing happened';
    ELSE
        UPDATE telltale.session SET due = least(s.deadline, s.moved + s.idle) WHERE key = of_session;
        RETURN;
    END IF;
    SELECT string_agg('`' || name || '`' || CASE WHEN version = 0 THEN ', which nobody has played' ELSE '' END, '; ' ORDER BY role)
    INTO waiting FROM telltale.part WHERE session = of_session AND NOT done;
    PERFORM telltale.finish(of_session, 4::smallint, what, coalesce(waiting, ''));
END
$$;

-- Ends sessions whose time is over, but those that somebody is at work on; a thousand at a time, so that nobody waits for that too long. What is
-- left is ended when somebody commits a step of it, at the latest.
CREATE OR REPLACE FUNCTION telltale.expire() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    late text[];
BEGIN
    FOR round IN 1..10 LOOP
        EXIT WHEN NOT EXISTS (SELECT FROM telltale.session WHERE due <= now());
        late := ARRAY(
            SELECT key FROM telltale.session WHERE due <= now() ORDER BY due LIMIT 100 FOR UPDATE SKIP LOCKED);
        PERFORM telltale.expire_one(key) FROM unnest(late) key;
        EXIT WHEN cardinality(late) < 100;
    END LOOP;
END
$$;

-- Enters a session. False: there is or was one of this name.
CREATE OR REPLACE FUNCTION telltale.start(
    new_key text, of_image bytea, names text[], tickets bytea[],
    within bigint, within_text text, idle_for bigint, idle_for_text text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = telltale, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off SET plan_cache_mode = force_generic_plan SET lock_timeout = '3s'
AS $$
DECLARE
    over timestamptz := now() + within * interval '1 microsecond';
    idle_time interval := idle_for * interval '1 microsecond';
    topics bigint[];
BEGIN
    IF NOT telltale.may_play(of_image, -1::smallint) THEN
        RAISE insufficient_privilege USING MESSAGE = format('the login %s may not start sessions of this protocol', session_user);
    END IF;
    IF octet_length(new_key) > (SELECT b.key FROM telltale.bounds b) OR cardinality(names) NOT BETWEEN 1 AND 256
        OR (SELECT max(octet_length(n)) FROM unnest(names) n) > 255
        OR octet_length(within_text) > 255 OR octet_length(idle_for_text) > 255 THEN
        RAISE program_limit_exceeded USING MESSAGE = 'the key, the roles or the times of the session are too long';
    END IF;
    INSERT INTO telltale.session (key, incarnation, image, deadline, deadline_text, idle, idle_text, due)
    VALUES (new_key, nextval('telltale.incarnation'), of_image, over, within_text, idle_time, idle_for_text, least(over, now() + idle_time))
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO telltale.seat (image, role)
    SELECT of_image, role - 1 FROM generate_series(1, cardinality(names)) role
    WHERE NOT EXISTS (SELECT FROM telltale.seat s WHERE s.image = of_image AND s.role = role.role - 1)
    ON CONFLICT DO NOTHING;
    WITH entered AS (
        INSERT INTO telltale.part (session, role, name, topic, ticket, wake)
        SELECT new_key, p.nth - 1, p.name,
            CASE WHEN p.ticket IS NULL THEN s.topic ELSE -1 - abs(hashtext(new_key || '.' || p.nth)::bigint) END,
            sha256(p.ticket), now()
        FROM unnest(names, tickets) WITH ORDINALITY p(name, ticket, nth)
        JOIN telltale.seat s ON s.image = of_image AND s.role = p.nth - 1
        RETURNING topic)
    SELECT array_agg(topic) INTO topics FROM entered;
    PERFORM telltale.rouse(topics);
    RETURN true;
END
$$;

-- Gives parts, whose rows are locked by whoever calls, to a claimant. A claim that is lost in a crash has not happened, so nobody
-- waits for the disk.
CREATE OR REPLACE FUNCTION telltale.give(sessions text[], roles smallint[], lease bigint)
RETURNS TABLE (
    session text, incarnation bigint, image bytea, role smallint, version bigint, attempts integer, state bytea, claim bytea,
    ending smallint, ending_by text, ending_reason text,
    senders smallint[], lanes integer[], numbers bigint[], labels integer[], payloads bytea[], mark bigint)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    flood record;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    -- As much as fits into memory, here and there; a part with more than that ends its session.
    SELECT array_agg(c.session ORDER BY c.nth), array_agg(c.role ORDER BY c.nth) INTO sessions, roles
    FROM (
        SELECT c.*, sum(i.size) OVER (ORDER BY c.nth) total
        FROM unnest(sessions, roles) WITH ORDINALITY c (session, role, nth)
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(octet_length(m.payload)), 0) size FROM telltale.message m
            WHERE m.session = c.session AND m.receiver = c.role) i) c
    WHERE c.nth = 1 OR c.total <= 67108864;
    FOR flood IN
        SELECT m.session, m.receiver, sum(octet_length(m.payload)) size FROM telltale.message m
        WHERE m.session = sessions[1] AND m.receiver = roles[1] GROUP BY 1, 2
        HAVING sum(octet_length(m.payload)) > (SELECT inbox FROM telltale.bounds)
    LOOP
        PERFORM FROM telltale.session WHERE key = flood.session FOR NO KEY UPDATE;
        PERFORM telltale.finish(flood.session, 3::smallint, telltale.name_of(flood.session, flood.receiver),
            format('%s bytes are on their way to `%s`, and `telltale.bounds` allows %s', flood.size,
                telltale.name_of(flood.session, flood.receiver), (SELECT inbox FROM telltale.bounds)));
    END LOOP;
    UPDATE telltale.part p
    SET claim = uuid_send(gen_random_uuid()), claimed = clock_timestamp() + least(lease, 3600000000) * interval '1 microsecond',
        tried = now(), attempts = p.attempts + 1
    FROM unnest(sessions, roles) c (session, role)
    WHERE p.session = c.session AND p.role = c.role;
    -- A statement of its own: the one before may have waited for somebody who has taken messages.
    RETURN QUERY
    SELECT p.session, e.incarnation, e.image, p.role, p.version, p.attempts, p.state, p.claim,
        e.ending, e.ending_by, e.ending_reason, m.senders, m.lanes, m.numbers, m.labels, m.payloads, m.mark
    FROM unnest(sessions, roles) c (session, role)
    JOIN telltale.part p ON p.session = c.session AND p.role = c.role
    JOIN telltale.session e ON e.key = c.session
    CROSS JOIN LATERAL (
        SELECT array_agg(o.sender) senders, array_agg(o.lane) lanes, array_agg(o.number) numbers,
            array_agg(o.label) labels, array_agg(o.payload) payloads, max(o.id) mark
        FROM (
            SELECT m.sender, m.lane, m.number, m.label, m.payload, m.id FROM telltale.message m
            WHERE m.session = c.session AND m.receiver = c.role
            ORDER BY m.sender, m.lane, m.number) o) m;
END
$$;

-- Parts for services. Who has waited longest is first; a part that was claimed in vain comes alone, and after those that have waited since then.
CREATE OR REPLACE FUNCTION telltale.claim(images bytea[], roles smallint[], at_most integer, lease bigint)
RETURNS TABLE (
    session text, incarnation bigint, image bytea, role smallint, version bigint, attempts integer, state bytea, claim bytea,
    ending smallint, ending_by text, ending_reason text,
    senders smallint[], lanes integer[], numbers bigint[], labels integer[], payloads bytea[], mark bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = telltale, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off SET plan_cache_mode = force_generic_plan SET lock_timeout = '3s'
AS $$
#variable_conflict use_column
DECLARE
    topics bigint[];
    found_sessions text[];
    found_roles smallint[];
BEGIN
    PERFORM telltale.check_isolation();
    IF EXISTS (SELECT FROM unnest(images, roles) w (image, role) WHERE NOT telltale.may_play(w.image, w.role)) THEN
        RAISE insufficient_privilege USING MESSAGE = format('the login %s may not play all of these roles', session_user);
    END IF;
    PERFORM telltale.expire();
    topics := ARRAY(
        SELECT s.topic FROM unnest(images, roles) w (image, role) JOIN telltale.seat s ON s.image = w.image AND s.role = w.role);
    WITH woken AS MATERIALIZED (
        SELECT p.* FROM unnest(topics) t (topic) CROSS JOIN LATERAL (
            SELECT p.session, p.role, p.attempts, CASE WHEN p.attempts > 0 THEN greatest(p.wake, p.tried) ELSE p.wake END since FROM telltale.part p
            WHERE p.topic = t.topic AND p.wake <= now() AND NOT p.done AND (p.claimed IS NULL OR p.claimed <= now())
            ORDER BY p.wake LIMIT greatest(at_most, 16) FOR UPDATE SKIP LOCKED) p
    ), written AS MATERIALIZED (
        SELECT p.* FROM unnest(topics) t (topic) CROSS JOIN LATERAL (
            SELECT p.session, p.role, p.attempts, CASE WHEN p.attempts > 0 THEN greatest(m.sent, p.tried) ELSE m.sent END since
            FROM telltale.message m JOIN telltale.part p ON p.session = m.session AND p.role = m.receiver
            WHERE m.topic = t.topic AND m.fresh AND NOT p.done AND (p.claimed IS NULL OR p.claimed <= now())
            ORDER BY m.sent LIMIT greatest(at_most, 16) FOR UPDATE OF p SKIP LOCKED) p
    ), candidate AS (
        SELECT c.session, c.role, c.attempts, min(c.since) since
        FROM (SELECT * FROM woken UNION ALL SELECT * FROM written) c GROUP BY 1, 2, 3 ORDER BY 4 LIMIT at_most
    ), ranked AS (
        SELECT c.*, row_number() OVER (ORDER BY since) nth, first_value(attempts) OVER (ORDER BY since) first FROM candidate c
    )
    SELECT array_agg(r.session), array_agg(r.role) INTO found_sessions, found_roles
    FROM ranked r WHERE CASE WHEN r.first > 0 THEN r.nth = 1 ELSE r.attempts = 0 END;
    IF found_sessions IS NOT NULL THEN
        RETURN QUERY SELECT * FROM telltale.give(found_sessions, found_roles, lease);
    END IF;
END
$$;

-- The part of a ticket. A row without session: the ticket is not for this seat.
CREATE OR REPLACE FUNCTION telltale.claim_seat(of_session text, of_role smallint, shown bytea, lease bigint)
RETURNS TABLE (
    session text, incarnation bigint, image bytea, role smallint, version bigint, attempts integer, state bytea, claim bytea,
    ending smallint, ending_by text, ending_reason text,
    senders smallint[], lanes integer[], numbers bigint[], labels integer[], payloads bytea[], mark bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = telltale, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off SET plan_cache_mode = force_generic_plan SET lock_timeout = '3s'
AS $$
#variable_conflict use_column
BEGIN
    PERFORM telltale.check_isolation();
    IF NOT EXISTS (
        SELECT FROM telltale.part p WHERE p.session = of_session AND p.role = of_role AND p.ticket = sha256(shown)) THEN
        session := NULL;
        RETURN NEXT;
        RETURN;
    END IF;
    PERFORM telltale.expire_one(s.key)
    FROM (SELECT key FROM telltale.session WHERE key = of_session AND due <= now() FOR UPDATE) s;
    PERFORM FROM telltale.part p
    WHERE p.session = of_session AND p.role = of_role AND NOT p.done AND (p.claimed IS NULL OR p.claimed <= now())
        AND (p.wake <= now() OR EXISTS (
            SELECT FROM telltale.message m WHERE m.session = of_session AND m.receiver = of_role AND m.fresh))
    FOR UPDATE SKIP LOCKED;
    IF FOUND THEN
        RETURN QUERY SELECT * FROM telltale.give(ARRAY[of_session], ARRAY[of_role], lease);
    END IF;
END
$$;

-- Gives claims back. Those of steps that could not be written down, through no fault of theirs, do not count as attempts.
CREATE OR REPLACE FUNCTION telltale.release(sessions text[], roles smallint[], claims bytea[], begun boolean[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = telltale, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off SET plan_cache_mode = force_generic_plan SET lock_timeout = '3s'
AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE telltale.part p SET claim = NULL, claimed = NULL, attempts = p.attempts - CASE WHEN c.begun THEN 0 ELSE 1 END
    FROM unnest(sessions, roles, claims, begun) c (session, role, claim, begun)
    WHERE p.session = c.session AND p.role = c.role AND p.claim = c.claim;
END
$$;

-- Somebody waits for parts of these roles, or for these seats, and wants to be told on this channel.
CREATE OR REPLACE FUNCTION telltale.sleep(
    to_wake text, images bytea[], roles smallint[], seats text[], seat_roles smallint[], shown bytea[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = telltale, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off SET plan_cache_mode = force_generic_plan SET lock_timeout = '3s'
AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    -- It is told by others, in their transactions.
    IF to_wake !~ '^telltale_[0-9a-f]{16}$' THEN
        RAISE invalid_parameter_value USING MESSAGE = 'the channel is none of an engine';
    END IF;
    INSERT INTO telltale.seat (image, role)
    SELECT w.image, w.role FROM unnest(images, roles) w (image, role)
    WHERE telltale.may_play(w.image, w.role)
        AND NOT EXISTS (SELECT FROM telltale.seat s WHERE s.image = w.image AND s.role = w.role)
    ON CONFLICT DO NOTHING;
    INSERT INTO telltale.sleeper (topic, channel, until)
    SELECT s.topic, to_wake, now() + interval '1 minute'
    FROM unnest(images, roles) w (image, role) JOIN telltale.seat s ON s.image = w.image AND s.role = w.role
    WHERE telltale.may_play(w.image, w.role)
    UNION
    SELECT p.topic, to_wake, now() + interval '1 minute'
    FROM unnest(seats, seat_roles, shown) w (session, role, shown)
    JOIN telltale.part p ON p.session = w.session AND p.role = w.role
    WHERE p.ticket = sha256(w.shown)
    ORDER BY 1
    ON CONFLICT (topic, channel) DO UPDATE SET until = excluded.until;
END
$$;

-- Writes steps down, of sessions that differ. Gives which of them were written: the others were done by somebody else, or their sessions have
-- ended.
--
-- statuses: 1 waits, 2 again, 3 rests, 4 done, 5 faulted.
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
    SELECT array_agg(s.key) FILTER (WHERE s.due <= now()) INTO late
    FROM (SELECT e.key, e.due FROM telltale.session e WHERE e.key = ANY (locked) ORDER BY e.key FOR NO KEY UPDATE) s;
    IF late IS NOT NULL THEN
        PERFORM telltale.expire_one(key) FROM unnest(late) key;
    END IF;
    WITH done AS (
        UPDATE telltale.part p
        SET state = t.state, version = p.version + 1, attempts = 0, claim = NULL, claimed = NULL,
            rests = t.status = 3, done = t.status >= 4 OR e.ending IS NOT NULL,
            wake = CASE WHEN t.status = 2 AND e.ending IS NULL THEN now() + t.again * interval '1 microsecond' END
        FROM unnest(sessions, roles, incarnations, versions, shown, told, states, statuses, agains)
            WITH ORDINALITY t (session, role, incarnation, version, shown, told, state, status, again, nth)
        JOIN telltale.session e ON e.key = t.session
        WHERE e.incarnation = t.incarnation AND t.told = (e.ending IS NOT NULL)
            AND p.session = t.session AND p.role = t.role AND p.version = t.version AND NOT p.done
            AND t.status BETWEEN 1 AND 5 AND t.session = ANY (locked)
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

CREATE OR REPLACE FUNCTION telltale.name_of(of_session text, of_role smallint) RETURNS text
LANGUAGE plpgsql STABLE
AS $$ BEGIN RETURN (SELECT name FROM telltale.part WHERE session = of_session AND role = of_role); END $$;

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
        PERFORM telltale.finish(bad.session, 3::smallint, who, why);
    END LOOP;
END
$$;

-- Ends a session for all of its parts that are not done. False: there is none of this name.
CREATE OR REPLACE FUNCTION telltale.cancel(of_session text, why text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = telltale, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off SET plan_cache_mode = force_generic_plan SET lock_timeout = '3s'
AS $$
DECLARE
    its_image bytea;
BEGIN
    SELECT image INTO its_image FROM telltale.session WHERE key = of_session;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF NOT telltale.may_play(its_image, NULL) THEN
        RAISE insufficient_privilege USING MESSAGE = format('the login %s has nothing to do with this session', session_user);
    END IF;
    PERFORM FROM telltale.session WHERE key = of_session FOR NO KEY UPDATE;
    -- Whoever cancels too late learns that its time was over.
    PERFORM telltale.expire_one(key) FROM telltale.session WHERE key = of_session AND due <= now();
    PERFORM telltale.finish(of_session, 2::smallint, NULL, left(why, (SELECT reason FROM telltale.bounds)));
    RETURN true;
END
$$;

-- How a session has ended. No row: there is none of this name.
CREATE OR REPLACE FUNCTION telltale.ending(of_session text) RETURNS TABLE (ending smallint, ending_by text, ending_reason text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = telltale, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off SET plan_cache_mode = force_generic_plan SET lock_timeout = '3s'
AS $$
#variable_conflict use_column
DECLARE
    its_image bytea;
BEGIN
    SELECT image INTO its_image FROM telltale.session WHERE key = of_session;
    IF FOUND AND NOT telltale.may_play(its_image, NULL) THEN
        RAISE insufficient_privilege USING MESSAGE = format('the login %s has nothing to do with this session', session_user);
    END IF;
    PERFORM telltale.expire_one(s.key)
    FROM (SELECT key FROM telltale.session WHERE key = of_session AND due <= now() FOR UPDATE) s;
    RETURN QUERY SELECT s.ending, s.ending_by, s.ending_reason FROM telltale.session s WHERE s.key = of_session;
END
$$;

-- Forgets sessions that ended so long ago as the bounds say; gives how many. Their names can be used again.
CREATE OR REPLACE FUNCTION telltale.clean(at_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = telltale, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off SET plan_cache_mode = force_generic_plan SET lock_timeout = '3s'
AS $$
DECLARE
    old text[];
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    old := ARRAY(
        SELECT key FROM telltale.session WHERE ended <= now() - (SELECT keep FROM telltale.bounds)
        ORDER BY ended LIMIT at_most FOR UPDATE SKIP LOCKED);
    DELETE FROM telltale.part WHERE session = ANY (old);
    DELETE FROM telltale.session WHERE key = ANY (old);
    DELETE FROM telltale.sleeper WHERE until < now();
    RETURN cardinality(old);
END
$$;

-- What whoever looks after the database wants to know.
CREATE OR REPLACE VIEW telltale.figures AS
SELECT
    (SELECT count(*) FROM telltale.session WHERE ending IS NULL) open_sessions,
    (SELECT count(*) FROM telltale.session WHERE ending IS NOT NULL) tombstones,
    (SELECT count(*) FROM telltale.message) messages,
    (SELECT count(*) FROM telltale.part WHERE claimed > now()) claimed,
    (SELECT count(*) FROM telltale.part WHERE attempts > 1) tried_again,
    (SELECT now() - min(sent) FROM telltale.message WHERE fresh) longest_wait;

REVOKE ALL ON ALL TABLES IN SCHEMA telltale FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA telltale FROM PUBLIC;
