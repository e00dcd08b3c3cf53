-- Parts that somebody keeps in his own memory, who has to be heard of.

-- Until when there has to be another step, and what its time is called.
ALTER TABLE telltale.part ADD COLUMN held_until timestamptz, ADD COLUMN held_text text;
CREATE INDEX part_held ON telltale.part (held_until) WHERE held_until IS NOT NULL;

-- Seats are claimed together.
DROP FUNCTION IF EXISTS telltale.claim_seat(text, smallint, bytea, bigint);
