-- Who waits for something to do, and how it is told.

-- Somebody waits for parts of these roles, or for these seats, and wants to be told on this channel.
CREATE OR REPLACE FUNCTION telltale.sleep(
    to_wake text, images bytea[], roles smallint[], seats text[], seat_roles smallint[], shown bytea[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = telltale, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off SET plan_cache_mode = force_generic_plan SET lock_timeout = '3s'
AS $$
DECLARE
    without_room bigint;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    -- It is told by others, in their transactions.
    IF to_wake !~ '^telltale_[0-9a-f]{16}$' THEN
        PERFORM telltale.refuse('malformed', 'the channel is none of an engine');
        RAISE invalid_parameter_value USING MESSAGE = 'the channel is none of an engine';
    END IF;
    INSERT INTO telltale.seat (image, role)
    SELECT w.image, w.role FROM unnest(images, roles) w (image, role)
    WHERE telltale.may_play(w.image, w.role)
        AND NOT EXISTS (SELECT FROM telltale.seat s WHERE s.image = w.image AND s.role = w.role)
    ON CONFLICT DO NOTHING;
    WITH wanted AS MATERIALIZED (
        SELECT s.topic
        FROM unnest(images, roles) w (image, role) JOIN telltale.seat s ON s.image = w.image AND s.role = w.role
        WHERE telltale.may_play(w.image, w.role)
        UNION
        SELECT p.topic
        FROM unnest(seats, seat_roles, shown) w (session, role, shown)
        JOIN telltale.part p ON p.session = w.session AND p.role = w.role
        WHERE p.ticket = sha256(w.shown)
        ORDER BY 1
    ), entered AS (
        INSERT INTO telltale.sleeper (topic, channel, until)
        SELECT topic, to_wake, now() + interval '1 minute' FROM wanted WHERE telltale.has_room(topic, to_wake)
        ON CONFLICT (topic, channel) DO UPDATE SET until = excluded.until
        RETURNING 1)
    SELECT (SELECT count(*) FROM wanted) - (SELECT count(*) FROM entered) INTO without_room;
    IF without_room > 0 THEN
        PERFORM telltale.refuse('too_many', 'too many engines wait to be told of changes');
    END IF;
END
$$;

-- Whether one more may wait to be told: whoever sends something tells all of them.
CREATE OR REPLACE FUNCTION telltale.has_room(of_topic bigint, for_channel text) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
    most integer := (SELECT sleepers FROM telltale.bounds);
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM telltale.sleeper WHERE topic = of_topic LIMIT most) s) < most
        OR EXISTS (SELECT FROM telltale.sleeper WHERE topic = of_topic AND channel = for_channel) THEN
        RETURN true;
    END IF;
    DELETE FROM telltale.sleeper WHERE topic = of_topic AND until < now();
    RETURN FOUND;
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
