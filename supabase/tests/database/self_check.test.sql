-- One call that finds what is not as the migrations made it, and says what to do.
begin;
set local search_path = public, extensions;
select no_plan();
\ir fixtures.psql

select set_eq('select check_name from permafrost.self_check()', array['tables', 'policies', 'triggers', 'functions', 'search paths', 'rights', 'indexes',
  'session policies', 'routines', 'cron', 'realtime', 'incarnation'], 'it looks for these');
select is_empty('select * from permafrost.self_check() where not ok', 'on a new database all is well');

create function pg_temp.found(p_change text) returns text[] language plpgsql as $$
declare
  v_found text[];
begin
  execute p_change;
  select array_agg(check_name order by check_name) filter (where not ok) into v_found from permafrost.self_check() where ok or what_to_do <> '';
  raise exception using errcode = 'ZZ001', message = coalesce(v_found, '{}')::text;
exception when sqlstate 'ZZ001' then
  return sqlerrm::text[];
end
$$;
select is(pg_temp.found(change), expected::text[], change) from (values
  ('grant update on frost_signing_sessions to authenticated', '{rights}'),
  ('grant update (status) on frost_signing_sessions to authenticated', '{rights}'),
  ('grant execute on function mark_nonce_as_used(text) to public', '{rights}'),
  ('grant usage on schema permafrost to anon', '{rights}'),
  ('revoke select on frost_events from authenticated', '{rights}'),
  ('alter table frost_signing_sessions disable trigger tg_frost_signing_sessions__20_guard', '{triggers}'),
  ('drop trigger tg_frost_events__append_only on frost_events', '{triggers}'),
  ('drop index frost_signing_sessions_open_idx', '{indexes}'),
  ('create index on frost_signing_sessions (failed_at)', '{indexes}'),
  ('drop policy "Creators update their sessions" on frost_signing_sessions', '{policies,"session policies"}'),
  ('create policy p on frost_key_packages for select to anon using (true)', '{policies}'),
  ('alter table permafrost.nonce_ledger disable row level security', '{tables}'),
  ('alter function permafrost.refuse(text, text, text) set search_path = public', '{"search paths"}'),
  ('create or replace function permafrost.now_ms() returns bigint language sql volatile set search_path = pg_catalog, pg_temp return 1::bigint', '{functions}'),
  ('create function frost_of_theirs() returns integer language sql return 1', '{routines}'),
  ($$create table realtime.messages (topic text, extension text)$$, '{realtime}'),
  ($$select permafrost.declare_restored('x') , permafrost.declare_restored('y')$$, '{incarnation}'),
  ($$select permafrost.declare_restored('x'), permafrost.declare_restored('y'), permafrost.accept_incarnation()$$, '{}')) as v (change, expected)
where change !~ 'realtime' or to_regnamespace('realtime') is not null and to_regclass('realtime.messages') is null;
grant update on frost_signing_sessions to authenticated;
select is((select what_to_do from permafrost.self_check() where check_name = 'rights'),
  'These have other rights than the migrations gave; run the migrations again, and revoke what is not theirs: public.frost_signing_sessions', 'it says what, and what to do');

select * from finish();
rollback;
