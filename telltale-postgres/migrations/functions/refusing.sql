-- What is refused is counted, and logged now and then.

-- Counts something that is refused. Of each kind, the server's log has a warning in a minute at most, whoever asks how often.
CREATE OR REPLACE FUNCTION telltale.refuse(kind text, what text) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    times bigint := nextval(('telltale.refused_' || kind)::regclass);
    warned regclass := 'telltale.warned_' || kind;
    this_minute bigint := extract(epoch FROM clock_timestamp()) / 60;
BEGIN
    IF coalesce(pg_sequence_last_value(warned), 0) < this_minute THEN
        PERFORM setval(warned, this_minute);
        -- Others have chosen what is told here: on one line, and no more than that.
        RAISE WARNING 'telltale has refused the login %: % (% in all of the kind "%"; see telltale.refusals)',
            session_user, regexp_replace(left(what, 300), '[[:cntrl:]]', ' ', 'g'), times, kind;
    END IF;
END
$$;

-- How often what was refused, since the schema is there.
CREATE OR REPLACE VIEW telltale.refusals AS
SELECT k.kind, coalesce(pg_sequence_last_value(('telltale.refused_' || k.kind)::regclass), 0) times,
    to_timestamp(60 * pg_sequence_last_value(('telltale.warned_' || k.kind)::regclass)) last_warning, k.meaning
FROM (VALUES
    ('not_allowed', 'a login has asked for what it may not do'),
    ('no_seat', 'the ticket was wrong, or there was no such session (any more)'),
    ('no_session', 'a session was to be ended or asked for its ending, and was not there'),
    ('no_message', 'a message was for nobody, was sent twice, or had no place; its session has ended'),
    ('too_large', 'a payload, a state, a name or a time was larger than `telltale.bounds` allows; if it was of a step, its session has ended'),
    ('too_many', 'more messages or bytes were on their way than `telltale.bounds` allows, and their session has ended; or more engines were waiting'),
    ('malformed', 'what was asked for is nothing that this library asks for')) k (kind, meaning);
