-- Projects created since 2026-10-30, after `grants_everything.sql`: the platform takes back what the data API
-- needs, and leaves the rest, which is truncate, references, trigger and maintain on tables, and update on
-- sequences. Run as the superuser.

alter default privileges for role postgres in schema public
  revoke select, insert, update, delete on tables from anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  revoke execute on functions from anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  revoke usage, select on sequences from anon, authenticated, service_role;
