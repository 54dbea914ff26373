-- The state machine: every edge there is, every edge there is not, and what an edge asks for. Whoever asks, the
-- guard answers; that is shown for the owner and for service_role.
begin;
set local search_path = public, extensions;
select no_plan();
\ir fixtures.psql

-- A session in each state, brought there by the front door.
create function pg_temp.bring_to(p_id text, p_status text) returns void language plpgsql as $$
begin
  perform pg_temp.session(p_id, 'dry', array['a', 'b'], 2);
  if p_status in ('failed', 'expired') then
    update frost_signing_sessions set status = p_status::signing_session_status,
      error_message = case p_status when 'failed' then 'why' end where session_id = p_id;
    return;
  end if;
  if p_status = 'pending' then return; end if;
  perform record_nonce_commitment(p_id, 'a', pg_temp.commitment(p_id || 'a'));
  if p_status = 'nonce_collection' then return; end if;
  perform record_nonce_commitment(p_id, 'b', pg_temp.commitment(p_id || 'b'));
  if p_status = 'signing' then return; end if;
  perform record_signature_share(p_id, 'a', pg_temp.share('a')), record_signature_share(p_id, 'b', pg_temp.share('b'));
  if p_status = 'aggregating' then return; end if;
  perform complete_signing_session(p_id, repeat('cd', 64));
end
$$;

create function pg_temp.move(p_id text, p_to text) returns text language sql
return format($sql$update public.frost_signing_sessions set status = %L,
  final_signature = case %L when 'completed' then repeat('cd', 64) else final_signature end,
  error_message = case %L when 'failed' then 'another reason' else error_message end
  where session_id = %L returning 1$sql$, p_to, p_to, p_to, p_id);

create temp table states as select unnest(enum_range(null::signing_session_status))::text as status;
select pg_temp.bring_to(f.status || '-' || t.status || '-' || r, f.status)
from states as f, states as t, unnest(array['postgres', 'service_role']) as r where f.status <> t.status;

-- The edges that data alone decide: to the ends, from anywhere open. The others need what they stand for.
select is(
  pg_temp.refusal(case r when 'postgres' then pg_temp.move(id, t.status)
    else format('select pg_temp.run_as(%L, %L, %L)', r, '{"role": "service_role"}', pg_temp.move(id, t.status)) end),
  case
    when f.status in ('completed', 'failed', 'expired') then 'PT409 session_finished'
    when t.status in ('failed', 'expired') then 'accepted'
    when (f.status, t.status) in (('pending', 'nonce_collection'), ('aggregating', 'completed')) then 'accepted'
    else 'PT409 invalid_transition'
  end,
  format('%s: %s to %s', r, f.status, t.status))
from states as f, states as t, unnest(array['postgres', 'service_role']) as r,
  lateral (select f.status || '-' || t.status || '-' || r) as i (id)
where f.status <> t.status;

-- What an edge asks for.
select pg_temp.bring_to('early', 'nonce_collection'), pg_temp.bring_to('half', 'signing'), pg_temp.bring_to('whole', 'aggregating');
select is(pg_temp.refusal(pg_temp.move('early', 'signing')), 'PT409 invalid_transition', 'round one does not close below the threshold');
select is(pg_temp.refusal(pg_temp.move('half', 'aggregating')), 'PT409 invalid_transition', 'aggregation does not start without all shares');
select is(pg_temp.refusal($$update frost_signing_sessions set status = 'completed' where session_id = 'whole'$$),
  'PT409 invalid_transition', 'nothing completes without a signature');
select is(pg_temp.refusal($$update frost_signing_sessions set status = 'failed' where session_id = 'whole'$$),
  'PT409 invalid_transition', 'nothing fails without a reason');
select is(pg_temp.refusal($$insert into frost_signing_sessions (session_id, family_id, message_hash, participants, threshold, created_by, status)
  values ('new', 'dry', 'm', '{a,b}', 2, 'a', 'signing')$$), 'PT409 invalid_transition', 'a session starts pending');

-- impossible 5: what is signed, by whom and until when never changes, by any route.
select is(pg_temp.refusal(format('update frost_signing_sessions set %s where session_id = %L', change, 'early')),
  'PT409 invalid_transition', 'impossible 5: no change of a session: ' || change)
from unnest(array[$$family_id = 'other'$$, $$message_hash = 'other'$$, $$participants = '{a,b,c}'$$, $$threshold = 1$$,
  $$created_by = 'b'$$, $$expires_at = expires_at + 1$$, $$created_at = created_at - 1$$, $$signers = '{a}'$$,
  $$event_template = '{}'$$, $$event_type = 'x'$$, $$completed_at = 1$$, $$final_event_id = 'x'$$, $$session_id = 'x'$$]) as change;
select is(pg_temp.refusal($$update frost_nonce_commitments set nonce_commitment = repeat('ef', 66) where session_id = 'early'$$),
  'PT409 invalid_transition', 'impossible 5: a commitment does not change');
select is(pg_temp.refusal($$update frost_signature_shares set signature_share = repeat('ef', 32) where session_id = 'whole'$$),
  'PT409 invalid_transition', 'impossible 5: a share does not change');
select is(pg_temp.refusal($$delete from frost_signature_shares where session_id = 'whole'$$), 'PT409 invalid_transition', 'a share goes only with its session');
select is(pg_temp.refusal($$delete from frost_nonce_commitments where session_id = 'early'$$), 'PT409 invalid_transition', 'a commitment goes only with its session');

-- Times are stamped by the guard, one after the other.
select pg_temp.bring_to('done', 'completed');
select ok(created_at <= nonce_collection_started_at and nonce_collection_started_at <= signing_started_at
  and signing_started_at <= aggregating_started_at and aggregating_started_at <= completed_at and failed_at is null,
  'the times of a session follow one another') from frost_signing_sessions where session_id = 'done';
select is(pg_temp.refusal($$update frost_signing_sessions set final_event_id = 'e' where session_id = 'done'$$), 'accepted', 'a completed session learns its event id');
select is(pg_temp.refusal($$update frost_signing_sessions set final_event_id = 'f' where session_id = 'done'$$), 'PT409 session_finished', 'and only once');
select is(pg_temp.as_member('a', 'dry', $$select status from frost_signing_sessions where session_id = 'done'$$), 'completed', 'impossible 9: it stays completed');
select is(pg_temp.refusal_as('a', 'dry', $$select fail_signing_session('done', 'no')$$), 'PT409 session_finished', 'impossible 9: a completed session does not fail');

select * from finish();
rollback;
