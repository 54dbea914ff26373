-- Rights that a list of functions and tables by role does not show: to PUBLIC, on columns, with grant option, of kinds
-- that came with a later Postgres, by views that read as their owner, by definers elsewhere, by policies for everybody.
begin;
set local search_path = public, extensions;
select plan(20);

create view pg_temp.relations as
select c.* from pg_class as c where relnamespace in ('public'::regnamespace, 'permafrost'::regnamespace)
  and relkind in ('r', 'p', 'v', 'm', 'f', 'S');
create view pg_temp.functions as
select p.* from pg_proc as p where pronamespace in ('public'::regnamespace, 'permafrost'::regnamespace);

-- Tables, views and sequences ------------------------------------------------------------------------------------

select is_empty(
  $$select r.oid::regclass, a.privilege_type from pg_temp.relations as r, aclexplode(r.relacl) as a where a.grantee = 0$$,
  'PUBLIC has no right to any table, view or sequence');
select is_empty(
  $$select r.oid::regclass, a.grantee::regrole, a.privilege_type from pg_temp.relations as r, aclexplode(r.relacl) as a
    where a.grantee <> r.relowner and a.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')$$,
  'no right is of another kind than select, insert, update and delete: no maintain, no truncate');
select is_empty(
  $$select r.oid::regclass, a.grantee::regrole from pg_temp.relations as r, aclexplode(r.relacl) as a
    where a.grantee <> r.relowner and a.grantee not in ('anon'::regrole, 'authenticated'::regrole, 'service_role'::regrole)$$,
  'nobody has a right but the roles of the API');
select is_empty(
  $$select attrelid::regclass, attname from pg_attribute where attacl is not null and attrelid in (select oid from pg_temp.relations)
    and (attrelid <> 'public.frost_signing_sessions'::regclass or attname <> all ('{family_id,message_hash,event_template,event_type,participants,threshold,created_by}'))$$,
  'no column is granted by itself, but for what a member says of a session');
select is_empty(
  $$select oid::regclass from pg_temp.relations where relkind in ('v', 'm') and not coalesce(reloptions @> '{security_invoker=true}', false)$$,
  'a view reads as its reader, and so is no way around a policy');
select is_empty(
  $$select inhrelid::regclass from pg_inherits where inhparent in (select oid from pg_temp.relations where relkind <> 'I')$$,
  'no table has a child with rights of its own');

-- Functions and types --------------------------------------------------------------------------------------------

select is_empty($$select oid::regprocedure from pg_temp.functions where proacl is null$$,
  'no function is left as it was created, which is open to everybody');
select is_empty(
  $$select f.oid::regprocedure, a.grantee from pg_temp.functions as f, aclexplode(f.proacl) as a
    where a.grantee <> f.proowner and (a.is_grantable or a.grantee not in ('authenticated'::regrole, 'service_role'::regrole))$$,
  'nobody else may execute anything, and nobody may pass it on');
select is_empty(
  $$select oid::regprocedure from pg_proc where prosecdef and pronamespace not in ('permafrost'::regnamespace, 'pg_catalog'::regnamespace)$$,
  'there is no security definer outside of permafrost');
select is_empty(
  $$select oid::regprocedure from pg_temp.functions where prosecdef and proowner <> 'postgres'::regrole$$,
  'a definer has the rights of the migrations'' owner, not of a superuser');
select is_empty(
  $$select t.oid::regprocedure from pg_temp.functions as t where prorettype = 'trigger'::regtype
    and (has_function_privilege('authenticated', oid, 'execute') or has_function_privilege('service_role', oid, 'execute'))$$,
  'a trigger function cannot be put onto another table');
select is_empty(
  $$select oid::regprocedure from pg_temp.functions as f where pronamespace = 'public'::regnamespace
    and pg_get_functiondef(oid) not like '%BEGIN ATOMIC%'$$,
  'every public function has its body resolved when it is made');

-- Schemas and policies -------------------------------------------------------------------------------------------

select is_empty(
  $$select role, privilege from unnest(array['anon', 'authenticated', 'service_role']) as role, unnest(array['usage', 'create']) as privilege
    where has_schema_privilege(role, 'permafrost', privilege) or privilege = 'create' and has_schema_privilege(role, 'public', privilege)$$,
  'no role of the API may use permafrost, or create anything in it or in public');
select is_empty(
  $$select tablename, policyname from pg_policies where schemaname in ('public', 'permafrost')
    and (roles <> '{service_role}' and (roles <> '{authenticated}' or cmd = 'ALL') or permissive <> 'PERMISSIVE')$$,
  'no policy is for everybody, and none of a member''s covers all commands');
select is_empty(
  $$select tablename, policyname from pg_policies where schemaname = 'public' and roles = '{authenticated}'
    and coalesce(qual, with_check) !~ 'permafrost\.memberships\(\)|permafrost\.families\(\)|FROM frost_signing_sessions s|FROM frost_key_ceremonies c'$$,
  'every policy of members asks for their family, or for a session or ceremony that is theirs to see');
select is_empty(
  $$select tablename, policyname from pg_policies where schemaname = 'public'
    and concat(qual, with_check) ~ '(?<!SELECT )permafrost\.'$$,
  'and asks once a query, not once a row');
select is_empty(
  $$select tablename from pg_policies where schemaname = 'permafrost'$$,
  'no policy opens a table of permafrost');

-- Triggers are the law for whoever writes ------------------------------------------------------------------------

select is_empty(
  $$select tgrelid::regclass, tgname from pg_trigger where not tgisinternal and tgenabled <> 'O'
    and tgrelid in (select oid from pg_temp.relations)$$, 'no trigger is switched off');
select is_empty(
  $$select r.oid::regclass from pg_temp.relations as r where relkind = 'r' and relnamespace = 'public'::regnamespace
    and (select count(distinct t.tgfoid) from pg_trigger as t where t.tgrelid = r.oid and t.tgfoid in
      ('permafrost.tg__05_no_members'::regproc, 'permafrost.tg__no_truncate'::regproc)) <> 2$$,
  'no table of the API is without its triggers against members and truncate');
select is_empty(
  $$select k.kind, f from permafrost.kinds as k, unnest('{tg__10_start,tg__20_guard,tg__40_log,tg__50_broadcast,tg__90_forget}'::text[]) as f
    where not exists (select from pg_trigger as t where t.tgrelid = k.relation::regclass and t.tgfoid = ('permafrost.' || f)::regproc)$$,
  'no kind is without one part of the law');

select * from finish();
rollback;
