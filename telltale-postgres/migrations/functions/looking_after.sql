-- What whoever looks after the database sees; and that nobody else has any rights.

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
