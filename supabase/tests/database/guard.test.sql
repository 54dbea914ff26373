-- What a plain update may not do to a session, tried by those who may update at all: the owner and service_role.
-- The edges are in transitions; here are the conditions they stand for, and what stays as it was.
begin;
set local search_path = public, extensions;
select plan(57);
\ir fixtures.psql

create function pg_temp.as_service(p_sql text) returns text language sql
return pg_temp.refusal(format('select pg_temp.run_as(%L, %L, %L)', 'service_role', '{"role": "service_role"}', p_sql || ' returning 1'));

select set_eq($$select from_status, to_status from permafrost.transitions where kind = 'session'$$,
  $$values ('pending', 'nonce_collection'),
    ('nonce_collection', 'signing'), ('signing', 'aggregating'), ('aggregating', 'completed'),
    ('pending', 'failed'), ('nonce_collection', 'failed'), ('signing', 'failed'), ('aggregating', 'failed'),
    ('pending', 'expired'), ('nonce_collection', 'expired'), ('signing', 'expired'), ('aggregating', 'expired')$$,
  'the legal edges are these twelve');

-- The two edges that rows decide, with the rows there and the triggers that would take them held back. ------------

select pg_temp.key('fam', 2, '{g1,g2,g3,g4}');
select pg_temp.session('ripe', 'fam', '{g4,g3,g2}', 2);
alter table frost_nonce_commitments disable trigger tg_frost_nonce_commitments__20_advance;
alter table frost_signature_shares disable trigger tg_frost_signature_shares__20_advance;
update frost_signing_sessions set status = 'nonce_collection' where session_id = 'ripe';
insert into frost_nonce_commitments (session_id, participant_id, nonce_commitment) values ('ripe', 'g4', pg_temp.commitment('r4'));
select is(pg_temp.as_service($$update public.frost_signing_sessions set status = 'signing' where session_id = 'ripe'$$),
  'PT409 invalid_transition', 'with one commitment of two, round one does not close');
insert into frost_nonce_commitments (session_id, participant_id, nonce_commitment) values ('ripe', 'g2', pg_temp.commitment('r2'));
select is(pg_temp.as_service($$update public.frost_signing_sessions set status = 'signing', signers = '{g4,g3}' where session_id = 'ripe'$$),
  'PT409 invalid_transition', 'nobody names the signers');
select is(pg_temp.as_service($$update public.frost_signing_sessions set status = 'signing', signing_started_at = 1 where session_id = 'ripe'$$),
  'PT409 invalid_transition', 'nor when it happened');
select is(pg_temp.as_service($$update public.frost_signing_sessions set status = 'signing' where session_id = 'ripe'$$),
  'accepted', 'with both, it does');
select is((select signers from frost_signing_sessions where session_id = 'ripe'), '{g2,g4}',
  'and the guard fills in who committed, by key order');
insert into frost_signature_shares (session_id, participant_id, signature_share) values ('ripe', 'g2', pg_temp.share('2'));
select is(pg_temp.as_service($$update public.frost_signing_sessions set status = 'aggregating' where session_id = 'ripe'$$),
  'PT409 invalid_transition', 'with one share of two, aggregation does not start');
insert into frost_signature_shares (session_id, participant_id, signature_share) values ('ripe', 'g4', pg_temp.share('4'));
select is(pg_temp.as_service($$update public.frost_signing_sessions set status = 'aggregating' where session_id = 'ripe'$$),
  'accepted', 'with both, it does');
alter table frost_nonce_commitments enable trigger tg_frost_nonce_commitments__20_advance;
alter table frost_signature_shares enable trigger tg_frost_signature_shares__20_advance;
select is(pg_temp.as_service(format($$update public.frost_signing_sessions set status = 'completed', final_signature = %L where session_id = 'ripe'$$, s)),
  'PT400 invalid_input', 'a final signature is lower-case hex: ' || s)
from unnest(array['XY', 'AB', 'abc', E'ab\n', ' ab', '']) as s;
select is(pg_temp.as_service($$update public.frost_signing_sessions set final_signature = 'ab' where session_id = 'ripe'$$),
  'PT409 invalid_transition', 'no signature comes without completing');
select is(pg_temp.as_service($$update public.frost_signing_sessions set status = 'failed', error_message = '' where session_id = 'ripe'$$),
  'PT409 invalid_transition', 'an empty reason is none');
select is(pg_temp.as_service($$update public.frost_signing_sessions set status = 'expired', error_message = 'x' where session_id = 'ripe'$$),
  'PT409 invalid_transition', 'a session that expires has no reason to give');
select is(pg_temp.as_service($$update public.frost_signing_sessions set status = null where session_id = 'ripe'$$),
  'PT409 invalid_transition', 'a session is never in no state');

-- Everything else is fixed, with an edge taken and without one ---------------------------------------------------

create temp table changes (change text);
insert into changes values ($$family_id = 'other'$$), ($$message_hash = repeat('cd', 32)$$), ($$event_template = '{"kind": 1}'$$),
  ($$event_type = 'x'$$), ($$participants = '{g1,g2}'$$), ('threshold = 3'), ($$created_by = 'g1'$$), ('key_package_id = null'),
  ($$signers = '{g1,g2}'$$), ('signers = null'), ($$final_event_id = 'e'$$), ('created_at = 1'), ('nonce_collection_started_at = 1'),
  ('signing_started_at = 1'), ('aggregating_started_at = null'), ('completed_at = 1'), ('failed_at = 1'), ('expires_at = expires_at + 1');
select is(pg_temp.as_service(format($$update public.frost_signing_sessions set status = 'completed', final_signature = 'ab', %s where session_id = 'ripe'$$, change)),
  'PT409 invalid_transition', 'completing does not carry along: ' || change)
from changes;
select is(pg_temp.as_service($$update public.frost_signing_sessions set updated_at = 1 where session_id = 'ripe'$$),
  'PT409 invalid_transition', 'an update of the time of update alone is none');
select is(pg_temp.as_service($$update public.frost_signing_sessions set status = status where session_id = 'ripe'$$),
  'accepted', 'an update of nothing is let through');
select is(pg_temp.as_service($$update public.frost_signing_sessions set status = 'completed', final_signature = repeat('ab', 64), updated_at = 1 where session_id = 'ripe'$$),
  'accepted', 'completing is');
select ok(updated_at = completed_at and completed_at >= aggregating_started_at, 'and the guard''s clock is what counts')
from frost_signing_sessions where session_id = 'ripe';

-- Terminal rows ------------------------------------------------------------------------------------------------------

select is(pg_temp.as_service(format($$update public.frost_signing_sessions set %s where session_id = 'ripe'$$, change)),
  'PT409 session_finished', 'a completed session keeps: ' || change)
from unnest(array['final_signature = repeat(''cd'', 64)', 'error_message = ''x''', 'signers = null', 'threshold = 1', 'expires_at = 1',
  'completed_at = 1', $$final_event_id = 'e', message_hash = 'm'$$, $$status = 'failed', final_event_id = 'e'$$]) as change;
select is(pg_temp.as_service($$update public.frost_signing_sessions set final_event_id = 'e' where session_id = 'ripe'$$),
  'accepted', 'it learns its event id');
select is(pg_temp.as_service(format($$update public.frost_signing_sessions set final_event_id = %s where session_id = 'ripe'$$, id)),
  'PT409 session_finished', 'and keeps it: ' || id)
from unnest(array[$$'f'$$, 'null']) as id;
select pg_temp.session('over', 'fam', '{g1,g2}', 2, 0);
select is(expire_old_frost_signing_sessions(), 1, 'a session expires');
select is(pg_temp.as_service($$update public.frost_signing_sessions set final_event_id = 'e' where session_id = 'over'$$),
  'PT409 session_finished', 'what was not signed has no event');

-- Past its time, and spelled anew ---------------------------------------------------------------------------------

select pg_temp.session('late', 'fam', '{g1,g2}', 2, 0);
insert into frost_signing_sessions (session_id, family_id, message_hash, event_template, participants, threshold, created_by)
values ('spelled', 'dry', 'm', '{"kind": 1, "created_at": 1, "content": "", "tags": []}', '{a}', 1, 'a');
select is(pg_temp.as_service(format('update public.frost_signing_sessions set %s where session_id = %L', change, 'late')),
  'PT410 session_expired', 'past its time a session does nothing but expire, by plain SQL either: ' || change)
from unnest(array[$$status = 'nonce_collection'$$, $$status = 'failed', error_message = 'x'$$]) as change;
update frost_signing_sessions set event_template = event_template || '{"kind": 1.0}' where session_id = 'spelled';
select is((select event_template ->> 'kind' from frost_signing_sessions where session_id = 'spelled'), '1', 'what is signed is not even spelled anew');
select is(pg_temp.as_service($$update public.frost_signing_sessions set status = 'nonce_collection', event_template = event_template || '{"kind": 1.0}' where session_id = 'spelled'$$),
  'PT409 invalid_transition', 'nor with an edge taken');

select * from finish();
rollback;
