-- Lists: newest first, paged by time and id, so that nothing is missed, shown twice or hidden; summaries, so that
-- nobody's templates weigh on others; of all the caller's families, or one.
begin;
set local search_path = public, extensions;
select no_plan();
\ir fixtures.psql

select pg_temp.key('fam', 2, '{g1,g2,g3}'), pg_temp.key('other', 2, '{g1,g2,g3}');
-- 40 sessions of one time, in two families, with templates as large as they may be.
insert into frost_signing_sessions (session_id, family_id, message_hash, event_template, participants, threshold, created_by, created_at, expires_at)
select format('%s-%s', f, n), f, repeat('ab', 32), jsonb_build_object('kind', 7, 'created_at', 1, 'tags', '[]'::jsonb, 'content', repeat('x', 65000)),
  '{g1,g2}', 2, 'g1', (select 1000 * (permafrost.now_ms() / 1000)), permafrost.now_ms() + 100000
from unnest('{fam,other}'::text[]) as f, generate_series(1, 20) as n;
create function pg_temp.both(p_sql text) returns jsonb language sql
return pg_temp.run_as('authenticated', '{"role": "authenticated", "sub": "x", "families": {"fam": "g2", "other": "g1"}}', p_sql)::jsonb;

create function pg_temp.pages(p_family text default null) returns text[] language plpgsql as $$
declare
  v_page jsonb;
  v_last jsonb;
  v_ids text[] := '{}';
begin
  loop
    v_page := pg_temp.both(format('select list_signing_sessions(p_limit => 7, p_before => %L, p_before_id => %L, p_family_id => %L)',
      v_last ->> 'created_at', v_last ->> 'session_id', p_family));
    exit when v_page = '[]';
    v_ids := v_ids || array(select s ->> 'session_id' from jsonb_array_elements(v_page) with ordinality as u (s, n) order by n);
    v_last := v_page -> -1;
  end loop;
  return v_ids;
end
$$;
select is(pg_temp.pages(), array(select session_id from frost_signing_sessions order by created_at desc, session_id desc), 'every session of both families once, in one order');
select is(pg_temp.pages('fam'), array(select session_id from frost_signing_sessions where family_id = 'fam' order by session_id desc), 'or those of one family');
select is(pg_temp.refusal_as('g1', 'fam', $$select list_signing_sessions(p_family_id => 'other')$$), 'PT403 not_in_family', 'which must be the caller''s');
select is(pg_temp.refusal_as('g1', 'fam', $$select list_signing_sessions(p_before_id => 'x')$$), 'PT400 invalid_input', 'an id is half a place');
select is(jsonb_array_length(pg_temp.both('select list_signing_sessions(p_limit => 500)')), 40, 'they fit on one page');
select ok(octet_length(pg_temp.both('select list_signing_sessions(p_limit => 500)')::text) < 60000, 'impossible 13: which is light, whatever their templates weigh');
select is(pg_temp.both('select list_signing_sessions(p_limit => 1)') #> '{0,event_template}', null, 'a summary has no template');
select is(pg_temp.both('select list_signing_sessions(p_limit => 1)') #>> '{0,event_kind}', '7', 'but tells its kind');
select is(pg_temp.both($$select get_signing_session('fam-1')$$) #>> '{event_template,content}', repeat('x', 65000), 'the session itself has it');
select is((select count(*) from jsonb_array_elements(list_signing_sessions(p_limit => 500))), 40::bigint, 'an operator lists all');
select is((select count(*) from jsonb_array_elements(list_signing_sessions(p_limit => 500, p_family_id => 'fam'))), 20::bigint, 'or one family''s');

-- impossible 13: no flood of one time hides another's session.
select pg_temp.session('hers', 'fam', '{g2,g3}', 2);
update permafrost.limits set value = 100000;
select is(pg_temp.refusal_as('g3', 'fam', $$insert into public.frost_signing_sessions (family_id, message_hash, participants, threshold, created_by)
  select 'fam', repeat('ab', 32), '{g2,g3}', 2, 'g3' from generate_series(1, 600) returning 1$$), 'accepted', 'a member floods the list');
select ok('hers' = any (pg_temp.pages()), 'impossible 13: page by page her session comes up all the same');

-- Who is awaited.
create function pg_temp.awaited(p_who text) returns jsonb language sql
return pg_temp.as_member(p_who, 'other', $$select jsonb_path_query_array(list_signing_sessions(p_awaiting_me => true, p_limit => 500), '$[*].session_id')$$)::jsonb;
select ok(pg_temp.awaited('g2') ? 'other-1', 'a participant is awaited by what it owes a commitment');
select record_nonce_commitment('other-1', p, pg_temp.commitment(p)) from unnest('{g1,g2}'::text[]) as p;
select record_signature_share('other-1', 'g1', pg_temp.share('g1'));
select is(array[pg_temp.awaited('g1') ? 'other-1', pg_temp.awaited('g2') ? 'other-1'], '{f,t}', 'then by what it owes a share');
select is(get_signing_session('other-1') -> 'missing_signatures', '["g2"]', 'which the session tells too');
select record_signature_share('other-1', 'g2', pg_temp.share('g2'));
select is(array[pg_temp.awaited('g1') ? 'other-1', pg_temp.awaited('g2') ? 'other-1'], '{t,t}', 'and what has all its shares awaits every participant, to finish it');
select pg_temp.session('dry', 'nokey', '{g1}', 1);
select is(pg_temp.as_member('g1', 'nokey', 'select list_signing_sessions(p_awaiting_me => true)'), '[]', 'nobody is awaited in a dry run');

select * from finish();
rollback;
