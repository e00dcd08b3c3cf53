-- Who may do what, and under which isolation.

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
