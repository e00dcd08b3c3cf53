-- What was refused, counted; and which versions of the schema a build can work with.

-- The oldest version whose builds still work with this one.
ALTER TABLE telltale.migration ADD COLUMN least integer NOT NULL DEFAULT 1;

-- How many engines may wait to be told of changes of a part of a protocol.
ALTER TABLE telltale.bounds ADD COLUMN sleepers integer NOT NULL DEFAULT 1000;

-- A sequence for each kind of refusal, and one for the minute in which the last of that kind was logged: what is drawn from a sequence stays
-- drawn when the transaction is given up, as most that are refused are, and nobody waits for anybody.
DO $do$
DECLARE
    kind text;
BEGIN
    FOREACH kind IN ARRAY '{not_allowed,no_seat,no_session,no_message,too_large,too_many,malformed}'::text[] LOOP
        EXECUTE format('CREATE SEQUENCE telltale.%I', 'refused_' || kind);
        EXECUTE format('CREATE SEQUENCE telltale.%I', 'warned_' || kind);
    END LOOP;
END $do$;
