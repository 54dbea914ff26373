-- The record: each subject's events form a hash chain, which is computed here as the design words it; and its
-- transcript is for those who took part, also when the subject is gone.
begin;
set local search_path = public, extensions;
select no_plan();
\ir fixtures.psql

select pg_temp.key('fam', 2, '{g1,g2,g3}');
select pg_temp.session('s', 'fam', '{g1,g2}', 2), pg_temp.session('ünï', 'fam', '{g1,g2}', 2);
select record_nonce_commitment('s', p, pg_temp.commitment(p)) from unnest('{g1,g2,g3}'::text[]) as p;
select record_refused_share('s', 'g1', 'does not verify', p_signature_share => pg_temp.share('bad'));
select record_signature_share('s', p, pg_temp.share(p)) from unnest('{g2,g1}'::text[]) as p;
select complete_signing_session('s', repeat('cd', 64));

-- Big-endian length and UTF-8 of each field, by another way than event_digest's: written out.
create function pg_temp.field(p_text text) returns bytea language sql
return coalesce(decode(lpad(to_hex(octet_length(p_text)), 8, '0'), 'hex') || convert_to(p_text, 'UTF8'), '\xffffffff');
create function pg_temp.digest_after(p_before bytea, e frost_events) returns bytea language sql
return sha256(p_before || pg_temp.field(e.seq::text) || pg_temp.field(e.subject) || pg_temp.field(e.subject_id) || pg_temp.field(e.family_id)
  || pg_temp.field(e.event) || pg_temp.field(e.actor) || pg_temp.field(e.detail::text) || pg_temp.field(e.occurred_at::text));
select is(e.digest, pg_temp.digest_after(lag(e.digest, 1, decode(repeat('00', 32), 'hex')) over chain, e), format('the digest of %s %s, event %s', subject, left(subject_id, 8), seq))
from frost_events as e window chain as (partition by subject, subject_id order by seq);
select is(seq, row_number() over (partition by subject, subject_id order by event_id), format('%s is event %s of %s', event, seq, left(subject_id, 8))) from frost_events;
select results_eq($$select event, actor, detail from frost_events where subject_id = 's' order by seq$$, format(
  $$values ('created', 'g1', jsonb_build_object('mode', 'two_round', 'message_hash', repeat('ab', 32), 'participants', array['g1', 'g2'], 'threshold', 2, 'event_type', null,
      'key_package_id', (select key_package_id from frost_signing_sessions where session_id = 's'), 'expires_at', (select expires_at from frost_signing_sessions where session_id = 's'))),
    ('commitment_accepted', 'g1', jsonb_build_object('quorum', 1, 'nonce_commitment', pg_temp.commitment('g1'))), ('commitment_accepted', 'g2', jsonb_build_object('quorum', 1, 'nonce_commitment', pg_temp.commitment('g2'))),
    ('round_one_closed', null, '{"quorum": 1, "signers": ["g1", "g2"]}'),
    ('commitment_refused', 'g3', jsonb_build_object('code', 'not_a_participant', 'reason', 'The caller does not take part in this session', 'nonce_commitment', pg_temp.commitment('g3'))),
    ('share_refused', 'g1', jsonb_build_object('code', 'share_invalid', 'reason', 'does not verify', 'quorum', 1, 'signature_share', pg_temp.share('bad'))),
    ('share_accepted', 'g2', jsonb_build_object('quorum', 1, 'signature_share', pg_temp.share('g2'))), ('share_accepted', 'g1', jsonb_build_object('quorum', 1, 'signature_share', pg_temp.share('g1'))),
    ('aggregating', null, '{}'), ('completed', null, jsonb_build_object('final_signature', repeat('cd', 64)))$$), 'the record of a session holds all that is public of it');
select is(get_signing_session('s') ->> 'transcript_head', (select encode(digest, 'hex') from frost_events where subject_id = 's' order by seq desc limit 1), 'a session carries the head of its chain');
select is(get_signing_session('s') ->> 'transcript_head', get_transcript('session', 's') ->> 'transcript_head', 'the transcript has the same');
select is(get_transcript('session', 's') #>> '{events,0,detail}', (select detail::text from frost_events where subject_id = 's' and seq = 1), 'with details as the text that was hashed');
select is(get_transcript('session', 's') #>> '{key_package,participants}', '["g1", "g2", "g3"]', 'and the key package');
select set_eq($$select event from frost_events where subject = 'key'$$, array['created'], 'a key has a record too');
select pg_temp.key('fam', 2, '{g1,g2}');
select set_eq($$select seq, event from frost_events where subject = 'key' and seq > 1$$, $$values (2::bigint, 'retired')$$, 'and it goes on');

-- Who reads it.
create function pg_temp.transcript(p_who text, p_family text, p_subject text, p_id text) returns text language sql
return pg_temp.refusal_as(p_who, p_family, format('select get_transcript(%L, %L)', p_subject, p_id));
select is(pg_temp.transcript(who, family, 'session', 's'), expected, format('%s of %s: %s', who, family, expected))
from (values ('g1', 'fam', 'accepted'), ('g2', 'fam', 'accepted'), ('g3', 'fam', 'PT404 session_not_found'), ('g1', 'other', 'PT404 session_not_found')) as v (who, family, expected);
delete from frost_signing_sessions where session_id = 's';
select is(pg_temp.transcript('g2', 'fam', 'session', 's'), 'accepted', 'a session that was cleaned up has left its transcript to its participants');
select is(pg_temp.transcript('g3', 'fam', 'session', 's'), 'PT404 session_not_found', 'and to nobody else');
select is(pg_temp.transcript('g3', 'fam', 'key', (select min(key_package_id::text) from frost_key_packages)), 'accepted', 'a key''s is its family''s');
select is(pg_temp.transcript('g3', 'other', 'key', (select min(key_package_id::text) from frost_key_packages)), 'PT404 session_not_found', 'not another''s');
select is(pg_temp.transcript('g1', 'fam', subject, id), 'PT404 session_not_found', format('there is no %s %s', subject, id))
from (values ('session', 'none'), ('nothing', 's'), ('recovery', 's'), ('session', null), (null, 's')) as v (subject, id);

select * from finish();
rollback;
