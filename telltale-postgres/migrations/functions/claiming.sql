-- Who gets which parts.

-- Parts for services. Who has waited longest is first; a part that was claimed in vain comes alone, and after those that have waited since then.
CREATE OR REPLACE FUNCTION telltale.claim(images bytea[], roles smallint[], at_most integer, lease bigint)
RETURNS SETOF telltale.work
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = telltale, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off SET plan_cache_mode = force_generic_plan SET lock_timeout = '3s'
AS $$
DECLARE
    topics bigint[];
    found_sessions text[];
    found_roles smallint[];
BEGIN
    PERFORM telltale.check_isolation();
    IF EXISTS (SELECT FROM unnest(images, roles) w (image, role) WHERE NOT telltale.may_play(w.image, w.role)) THEN
        PERFORM telltale.refuse('not_allowed', 'it may not play all of the roles that it has asked for');
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
        FROM (SELECT * FROM woken UNION ALL SELECT * FROM written) c
        -- Somebody else may just be ending a session that is late, or of which somebody is gone.
        JOIN telltale.session e ON e.key = c.session AND (e.due IS NULL OR e.due > now()) AND (
            NOT EXISTS (SELECT FROM telltale.part WHERE held_until <= now())
            OR NOT EXISTS (SELECT FROM telltale.part h WHERE h.session = c.session AND h.held_until <= now()))
        GROUP BY 1, 2, 3 ORDER BY 4 LIMIT at_most
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

-- The parts of tickets that have something to do, or whose owners have something to say. A row without version: the ticket is not for this seat, or
-- (attempts = 1) the part is done; then nothing is claimed.
CREATE OR REPLACE FUNCTION telltale.claim_seats(
    of_sessions text[], of_roles smallint[], shown bytea[], anyway boolean[], at_most integer, lease bigint)
RETURNS SETOF telltale.work
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = telltale, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off SET plan_cache_mode = force_generic_plan SET lock_timeout = '3s'
AS $$
DECLARE
    refused record;
    found_sessions text[];
    found_roles smallint[];
BEGIN
    PERFORM telltale.check_isolation();
    SELECT t.session, t.role, p.session IS NOT NULL is_done INTO refused
    FROM unnest(of_sessions, of_roles, shown) WITH ORDINALITY t (session, role, shown, nth)
    LEFT JOIN telltale.part p ON p.session = t.session AND p.role = t.role AND p.ticket = sha256(t.shown)
    WHERE p.session IS NULL OR p.done
    ORDER BY t.nth LIMIT 1;
    IF FOUND THEN
        IF NOT refused.is_done THEN
            PERFORM telltale.refuse('no_seat', format('no seat of role %s in %L for its ticket', refused.role, left(refused.session, 100)));
        END IF;
        RETURN QUERY SELECT refused.session, NULL::bigint, NULL::bytea, refused.role, NULL::bigint, refused.is_done::integer, NULL::bytea, NULL::bytea,
            NULL::smallint, NULL, NULL, NULL::smallint[], NULL::integer[], NULL::bigint[], NULL::integer[], NULL::bytea[], NULL::bigint;
        RETURN;
    END IF;
    PERFORM telltale.expire_one(s.key)
    FROM (
        SELECT e.key FROM telltale.session e WHERE e.key = ANY (of_sessions) AND telltale.is_due(e) ORDER BY e.key FOR UPDATE) s;
    WITH free AS MATERIALIZED (
        SELECT p.session, p.role, p.attempts, t.nth
        FROM unnest(of_sessions, of_roles, anyway) WITH ORDINALITY t (session, role, anyway, nth)
        JOIN telltale.part p ON p.session = t.session AND p.role = t.role
        WHERE NOT p.done AND (p.claimed IS NULL OR p.claimed <= now())
            AND (t.anyway OR p.wake <= now() OR EXISTS (
                SELECT FROM telltale.message m WHERE m.session = t.session AND m.receiver = t.role AND m.fresh))
        ORDER BY t.nth LIMIT at_most FOR UPDATE OF p SKIP LOCKED
    ), ranked AS (
        SELECT f.*, row_number() OVER (ORDER BY nth) place, first_value(attempts) OVER (ORDER BY nth) first FROM free f
    )
    SELECT array_agg(r.session), array_agg(r.role) INTO found_sessions, found_roles
    FROM ranked r WHERE CASE WHEN r.first > 0 THEN r.place = 1 ELSE r.attempts = 0 END;
    IF found_sessions IS NOT NULL THEN
        RETURN QUERY SELECT * FROM telltale.give(found_sessions, found_roles, lease);
    END IF;
END
$$;

-- Gives parts, whose rows are locked by whoever calls, to a claimant. A claim that is lost in a crash has not happened, so nobody
-- waits for the disk.
CREATE OR REPLACE FUNCTION telltale.give(sessions text[], roles smallint[], lease bigint)
RETURNS SETOF telltale.work
LANGUAGE plpgsql
AS $$
DECLARE
    first bigint;
    bound bigint;
    who text;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    -- As much as fits into memory, here and there; a part with more than that ends its session.
    SELECT array_agg(c.session ORDER BY c.nth), array_agg(c.role ORDER BY c.nth), max(c.size) FILTER (WHERE c.nth = 1)
    INTO sessions, roles, first
    FROM (
        SELECT c.*, i.size, sum(i.size) OVER (ORDER BY c.nth) total
        FROM unnest(sessions, roles) WITH ORDINALITY c (session, role, nth)
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(octet_length(m.payload)), 0) size FROM telltale.message m
            WHERE m.session = c.session AND m.receiver = c.role) i) c
    WHERE c.nth = 1 OR c.total <= 67108864;
    SELECT inbox INTO bound FROM telltale.bounds;
    IF first > bound THEN
        PERFORM FROM telltale.session WHERE key = sessions[1] FOR NO KEY UPDATE;
        who := telltale.name_of(sessions[1], roles[1]);
        PERFORM telltale.refuse('too_many', format('%s bytes are on their way to %L in %L', first, who, sessions[1]));
        PERFORM telltale.finish(sessions[1], 3::smallint, who,
            format('%s bytes are on their way to `%s`, and `telltale.bounds` allows %s', first, who, bound));
    END IF;
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
