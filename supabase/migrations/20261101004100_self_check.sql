-- One call that tells an operator whether everything is as the migrations made it: `select * from permafrost.self_check()`.
-- What they made is written down at the end of this file, and compared with what is there.

create table if not exists permafrost.inventory (
  check_name text not null,
  object text not null,
  detail text not null,
  primary key (check_name, object, detail)
);
alter table permafrost.inventory enable row level security;
revoke all on table permafrost.inventory from public, anon, authenticated, service_role;
comment on table permafrost.inventory is 'What the migrations made: objects, their definitions and the rights on them.';

-- Ours are the schema permafrost, the tables whose triggers call it, and the functions and views over them.
create or replace function permafrost.inventory_now() returns table (check_name text, object text, detail text)
language sql stable set search_path = pg_catalog, pg_temp
begin atomic
  with ours as (
    select c.oid, c.relkind, c.relrowsecurity, c.relacl, c.relowner from pg_class as c
    where c.relkind in ('r', 'v') and (c.relnamespace = 'permafrost'::regnamespace
      or c.relnamespace = 'public'::regnamespace and (
        exists (select from pg_trigger as t join pg_proc as p on p.oid = t.tgfoid
          where t.tgrelid = c.oid and p.pronamespace = 'permafrost'::regnamespace)
        or exists (select from pg_rewrite as r
          join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
          join pg_trigger as t on t.tgrelid = d.refobjid
          join pg_proc as p on p.oid = t.tgfoid and p.pronamespace = 'permafrost'::regnamespace
          where r.ev_class = c.oid and c.relkind = 'v')
        or c.oid = to_regclass('public.frost_sessions_by_hour') or c.oid = to_regclass('public.frost_refusals')))
  ), functions as (
    select p.oid, p.prosrc, p.proconfig, p.proacl, p.proowner, p.prosecdef, p.prosqlbody from pg_proc as p
    where p.pronamespace = 'permafrost'::regnamespace or p.pronamespace = 'public'::regnamespace and exists (
      select from pg_depend as d join pg_proc as q on q.oid = d.refobjid and q.pronamespace = 'permafrost'::regnamespace
      where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.refclassid = 'pg_proc'::regclass)
  )
  select 'tables', o.oid::regclass::text, case when o.relrowsecurity then 'with row level security' else 'view' end from ours as o
  union all
  select 'policies', format('%s on %s', y.polname, y.polrelid::regclass),
    concat_ws(' ', y.polcmd, pg_get_expr(y.polqual, y.polrelid), pg_get_expr(y.polwithcheck, y.polrelid))
  from pg_policy as y join ours as o on o.oid = y.polrelid
  union all
  select 'triggers', format('%s on %s', t.tgname, t.tgrelid::regclass), concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid))
  from pg_trigger as t join ours as o on o.oid = t.tgrelid where not t.tgisinternal
  union all
  select 'functions', f.oid::regprocedure::text,
    case when f.prosecdef then 'definer ' else '' end || md5(coalesce(pg_get_function_sqlbody(f.oid), f.prosrc)) from functions as f
  union all
  select 'search paths', f.oid::regprocedure::text, coalesce(array_to_string(f.proconfig, ', '), 'none') from functions as f
  union all
  select 'rights', r.object, format('%s to %s', r.privilege_type, case when r.grantee = 0 then 'public' else r.grantee::regrole::text end)
  from (
    select o.oid::regclass::text as object, a.grantee, a.privilege_type, o.relowner as owner
    from ours as o cross join aclexplode(coalesce(o.relacl, acldefault('r', o.relowner))) as a
    union all
    select format('%s.%s', o.oid::regclass, c.attname), a.grantee, a.privilege_type, o.relowner
    from ours as o join pg_attribute as c on c.attrelid = o.oid cross join aclexplode(c.attacl) as a
    union all
    select f.oid::regprocedure::text, a.grantee, a.privilege_type, f.proowner
    from functions as f cross join aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) as a
    union all
    select 'schema permafrost', a.grantee, a.privilege_type, n.nspowner
    from pg_namespace as n cross join aclexplode(n.nspacl) as a where n.nspname = 'permafrost'
  ) as r where r.grantee <> r.owner;
end;
comment on function permafrost.inventory_now() is 'What there is, in the form of permafrost.inventory.';

create or replace function permafrost.self_check() returns table (check_name text, ok boolean, what_to_do text)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_sessions constant regclass := to_regclass('public.frost_signing_sessions');
  v_commitments constant regclass := to_regclass('public.frost_nonce_commitments');
  v_incarnation permafrost.incarnations := permafrost.incarnation_now();
  v_count bigint;
  v_realtime boolean := to_regclass('realtime.messages') is not null;
  v_cron boolean := exists (select from pg_extension where extname = 'pg_cron');
  v_jobs bigint;
begin
  -- Something that was made is gone or changed; of rights and policies, something may also have been added.
  return query
  with now as (select i.check_name, i.object, i.detail from permafrost.inventory_now() as i), made as (select i.* from permafrost.inventory as i),
  differences as (
    (select m.* from made as m except select n.* from now as n)
    union all
    (select n.* from now as n where n.check_name in ('rights', 'policies') except select m.* from made as m)
  )
  select c.name, count(d.object) = 0, case when count(d.object) > 0 then
    format(c.advice, (select string_agg(distinct x.object, ', ' order by x.object) from differences as x where x.check_name = c.name)) end
  from (values
    ('tables', 'These are missing, or without row level security; run the migrations again: %s'),
    ('policies', 'These are missing, changed or added; run the migrations again, and drop what is not theirs: %s'),
    ('triggers', 'These are missing, disabled or changed; enable them, or run the migrations again: %s'),
    ('functions', 'These are missing or changed; run the migrations again: %s'),
    ('search paths', 'These run with another search path than they were made with; run the migrations again: %s'),
    ('rights', 'These have other rights than the migrations gave; run the migrations again, and revoke what is not theirs: %s')
  ) as c (name, advice) left join differences as d on d.check_name = c.name
  group by c.name, c.advice;

  select count(*) into v_count from pg_index where indrelid in (v_sessions, v_commitments);
  return query select 'indexes', v_count = 10, case when v_count <> 10 then
    format('Sessions and commitments have %s indexes, not 10: run the migrations again, and drop what is not theirs', v_count) end;
  select count(*) into v_count from pg_policy where polrelid in (v_sessions, v_commitments);
  return query select 'session policies', v_count = 7, case when v_count <> 7 then
    format('Sessions and commitments have %s policies, not 7: run the migrations again, and drop what is not theirs', v_count) end;
  select count(*) into v_count from pg_proc where pronamespace = 'public'::regnamespace and proname like '%frost%';
  return query select 'routines', v_count = 3, case when v_count <> 3 then
    format('%s routines in public have frost in their name, not 3: drop what is not Permafrost''s', v_count) end;

  if v_cron then
    begin
      execute 'select count(*) from cron.job where jobname like ''permafrost_expire_%''' into v_jobs;
    exception when insufficient_privilege then
      v_jobs := null;
    end;
  end if;
  return query select 'cron', not v_cron or v_jobs = 3 is not false, case
    when not v_cron then 'Nothing to do. With the extension pg_cron, expired sessions would be marked every minute'
    when v_jobs is null then 'Nothing to do. This role may not see whether the jobs are there'
    when v_jobs <> 3 then 'Schedule the three jobs of the migration maintenance, as a role that may' end;
  v_count := (select count(*) from pg_policy where polrelid = to_regclass('realtime.messages') and polname like 'Members hear of their family%');
  return query select 'realtime', not v_realtime or v_count = 1, case
    when not v_realtime then 'Nothing to do. With Realtime, clients would hear of changes at once instead of asking'
    when v_count = 0 then 'Create the policy of the migration realtime, as the owner of realtime.messages' end;
  return query select 'incarnation', v_incarnation.incarnation = 1 or v_incarnation.reason = 'accepted'
      or v_incarnation.first_seen_at is not null and permafrost.now_ms() - v_incarnation.first_seen_at > 86400000,
    case when v_incarnation.incarnation > 1 and v_incarnation.reason <> 'accepted' then
      'This database was restored, moved or upgraded: what was open in it has failed. If it lost nothing, run select permafrost.accept_incarnation()' end;
end;
$$;
comment on function permafrost.self_check() is
  'For operators: whether tables, indexes, policies, routines, rights, search paths, triggers, cron, realtime and incarnation are as they should be; each ok, or with what to do.';

create or replace procedure permafrost.take_inventory()
language sql set search_path = pg_catalog, pg_temp
begin atomic
  delete from permafrost.inventory;
  insert into permafrost.inventory select distinct i.check_name, i.object, i.detail from permafrost.inventory_now() as i;
end;
comment on procedure permafrost.take_inventory() is 'Writes down what there is. The last migration calls it.';

revoke all on function permafrost.inventory_now(), permafrost.self_check() from public, anon, authenticated, service_role;
revoke all on procedure permafrost.take_inventory() from public, anon, authenticated, service_role;
call permafrost.take_inventory();
