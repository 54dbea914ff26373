/** What is in a database, in words that do not depend on when it was made. */
import assert from "node:assert/strict";
import postgres from "postgres";

/** Runs `work` with one connection. */
export async function connected<T>(
  url: string,
  work: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

/** The tables of the product's two schemas, with their schemas. */
export async function tablesOf(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select nspname || '.' || relname as name
    from pg_class join pg_namespace as n on n.oid = relnamespace
    where relkind = 'r' and nspname in ('public', 'permafrost')`;
  return rows.map(({ name }) => name).sort();
}

/** All rows of all tables of the product's two schemas. */
export function contents(url: string): Promise<Record<string, string[]>> {
  return connected(url, async (sql) => {
    const tables = await tablesOf(sql);
    assert.ok(tables.length >= 15, `There are only ${tables.length} tables`);
    const found: Record<string, string[]> = {};
    for (const table of tables) {
      const rows = await sql.unsafe(
        `select to_jsonb(t)::text as row from ${table} as t order by 1`,
      );
      found[table] = rows.map(({ row }) => row);
    }
    return found;
  });
}

/** Every object of a database's own, with its definition, owner, rights and comment, a line each. */
export function catalogOf(url: string): Promise<string[]> {
  return connected(url, async (sql) => {
    const rows = await sql<{ line: string }[]>`
      with own as (
        select oid from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
      ), lines as (
        select 'schema', nspname::text, concat_ws(' ', nspowner::regrole, nspacl) from pg_namespace
          where oid in (select oid from own)
        union all select 'relation', oid::regclass::text, concat_ws(' ', relkind, relowner::regrole,
            relacl, relrowsecurity, relforcerowsecurity, reloptions,
            case when relkind = 'v' then pg_get_viewdef(oid) when relkind = 'i' then pg_get_indexdef(oid) end)
          from pg_class where relnamespace in (select oid from own) and relkind <> 't'
        union all select 'column', attrelid::regclass || '.' || attname, concat_ws(' ',
            format_type(atttypid, atttypmod), attnotnull, attidentity, attacl, pg_get_expr(adbin, adrelid))
          from pg_attribute join pg_class on pg_class.oid = attrelid
            left join pg_attrdef on adrelid = attrelid and adnum = attnum
          where relnamespace in (select oid from own) and attnum > 0 and relkind <> 't'
        union all select 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
          from pg_constraint where connamespace in (select oid from own)
        union all select 'function', oid::regprocedure::text, concat_ws(' ', proowner::regrole, proacl,
            case when prokind in ('f', 'p') then pg_get_functiondef(oid) end)
          from pg_proc where pronamespace in (select oid from own)
        union all select 'trigger', tgrelid::regclass || '.' || tgname, concat_ws(' ', tgenabled, pg_get_triggerdef(oid))
          from pg_trigger where not tgisinternal
        union all select 'policy', concat_ws(' ', schemaname, tablename, policyname),
            concat_ws(' ', permissive, roles, cmd, qual, with_check) from pg_policies
        union all select 'type', oid::regtype::text, concat_ws(' ', typowner::regrole, typacl,
            (select array_agg(enumlabel order by enumsortorder) from pg_enum where enumtypid = pg_type.oid))
          from pg_type where typnamespace in (select oid from own) and typtype in ('e', 'd', 'r')
        union all select 'default privileges', concat_ws(' ', defaclrole::regrole, defaclnamespace::regnamespace,
            defaclobjtype), defaclacl::text from pg_default_acl
        union all select 'publication', pubname, concat_ws(' ', schemaname, tablename) from pg_publication_tables
        union all select 'extension', extname, extversion from pg_extension
        union all select 'event trigger', evtname, evtenabled::text from pg_event_trigger
        union all select 'comment', (pg_identify_object(classoid, objoid, objsubid)).identity, description
          from pg_description where objoid >= 16384
      )
      select concat_ws(' | ', kind, name, definition) as line from lines as l (kind, name, definition)
      order by 1`;
    return rows.map(({ line }) => line);
  });
}
