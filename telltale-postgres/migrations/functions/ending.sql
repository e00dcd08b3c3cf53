-- How sessions end, and when they are forgotten.

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
        PERFORM telltale.refuse('no_session', format('there is no %L to end', left(of_session, 100)));
        RETURN false;
    END IF;
    IF NOT telltale.may_play(its_image, NULL) THEN
        PERFORM telltale.refuse('not_allowed', format('it may not end %L', left(of_session, 100)));
        RAISE insufficient_privilege USING MESSAGE = format('the login %s has nothing to do with this session', session_user);
    END IF;
    PERFORM FROM telltale.session WHERE key = of_session FOR NO KEY UPDATE;
    -- Whoever cancels too late learns that its time was over.
    PERFORM telltale.expire_one(key) FROM telltale.session s WHERE key = of_session AND telltale.is_due(s);
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
    IF NOT FOUND THEN
        PERFORM telltale.refuse('no_session', format('there is no %L to be asked for its ending', left(of_session, 100)));
        RETURN;
    END IF;
    IF NOT telltale.may_play(its_image, NULL) THEN
        PERFORM telltale.refuse('not_allowed', format('it may not ask for the ending of %L', left(of_session, 100)));
        RAISE insufficient_privilege USING MESSAGE = format('the login %s has nothing to do with this session', session_user);
    END IF;
    PERFORM telltale.expire_one(s.key)
    FROM (SELECT key FROM telltale.session e WHERE key = of_session AND telltale.is_due(e) FOR UPDATE) s;
    RETURN QUERY SELECT s.ending, s.ending_by, s.ending_reason FROM telltale.session s WHERE s.key = of_session;
END
$$;

-- Whether the time of a session is over, or somebody is gone who held one of its parts.
CREATE OR REPLACE FUNCTION telltale.is_due(s telltale.session) RETURNS boolean
LANGUAGE sql STABLE
AS $$ SELECT s.due <= now() IS TRUE OR EXISTS (SELECT FROM telltale.part p WHERE p.session = s.key AND p.held_until <= now()) $$;

-- Ends sessions whose time is over, but those that somebody is at work on; a thousand at a time, so that nobody waits for that too long. Nothing
-- is claimed of those that are left.
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
    FOR round IN 1..10 LOOP
        EXIT WHEN NOT EXISTS (SELECT FROM telltale.part WHERE held_until <= now());
        late := ARRAY(
            SELECT key FROM telltale.session
            WHERE key = ANY (ARRAY(SELECT session FROM telltale.part WHERE held_until <= now() ORDER BY held_until LIMIT 100))
            FOR UPDATE SKIP LOCKED);
        PERFORM telltale.expire_one(key) FROM unnest(late) key;
        EXIT WHEN cardinality(late) < 100;
    END LOOP;
END
$$;

-- Ends a session if its time is over. Its row is locked by whoever calls.
CREATE OR REPLACE FUNCTION telltale.expire_one(of_session text) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    s telltale.session;
    gone telltale.part;
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
        SELECT * INTO gone FROM telltale.part WHERE session = of_session AND held_until <= now() AND NOT done ORDER BY role LIMIT 1;
        IF FOUND THEN
            PERFORM telltale.finish(of_session, 3::smallint, gone.name,
                format('whoever plays `%s` was not heard of for %s', gone.name, gone.held_text));
        ELSE
            UPDATE telltale.session SET due = least(s.deadline, s.moved + s.idle) WHERE key = of_session AND due <= now();
        END IF;
        RETURN;
    END IF;
    SELECT string_agg('`' || name || '`' || CASE WHEN version = 0 THEN ', which nobody has played' ELSE '' END, '; ' ORDER BY role)
    INTO waiting FROM telltale.part WHERE session = of_session AND NOT done;
    PERFORM telltale.finish(of_session, 4::smallint, what, coalesce(waiting, ''));
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
        SET done = version = 0, wake = CASE WHEN version > 0 THEN now() END, held_until = NULL
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
