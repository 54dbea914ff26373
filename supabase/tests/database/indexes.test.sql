-- The indexes that were made for a question are the ones PostgreSQL answers it with, once there is something to search.
begin;
set local search_path = public, extensions;
select plan(7);
\ir fixtures.psql

create function pg_temp.plan_of(p_query text) returns text language plpgsql as $$
declare
  v_line text;
  v_plan text := '';
begin
  for v_line in execute 'explain ' || p_query loop
    v_plan := v_plan || v_line || E'\n';
  end loop;
  return v_plan;
end
$$;

insert into frost_signing_sessions (family_id, message_hash, participants, threshold, created_by, created_at, expires_at)
select 'f' || n % 20, 'm', array['g' || n % 2000, 'x'], 2, 'x', permafrost.now_ms() - n * 1000, permafrost.now_ms() - n * 1000 + 604000000
from generate_series(1, 10000) as n;
insert into frost_nonce_commitments (session_id, participant_id, nonce_commitment)
select session_id, 'x', pg_temp.commitment(session_id) from frost_signing_sessions limit 2000;
analyze frost_signing_sessions, frost_nonce_commitments;

select matches(pg_temp.plan_of(query), index, index || ' serves: ' || left(query, 90))
from (values
  ('select * from frost_unhealthy_sessions', 'frost_signing_sessions_open_idx'),
  ('select * from frost_unhealthy_sessions', 'frost_signing_sessions_aggregating_idx'),
  ($$select * from frost_signing_sessions where family_id = 'f1' order by created_at desc limit 50$$, 'frost_signing_sessions_family_idx'),
  ($$select * from frost_signing_sessions where family_id = 'f1' and status = 'failed' order by created_at desc limit 50$$, 'frost_signing_sessions_family_status_idx'),
  ($$select * from frost_signing_sessions where participants @> '{g7}' and status in ('pending', 'nonce_collection', 'signing')$$, 'frost_signing_sessions_awaiting_idx'),
  ($$select * from frost_signing_sessions where created_at < 1000$$, 'frost_signing_sessions_created_idx'),
  ($$select * from frost_nonce_commitments where participant_id = 'g7' and not nonce_used$$, 'frost_nonce_commitments_unused_idx')) as v (query, index);

select * from finish();
rollback;
