import assert from "node:assert/strict";
import type postgres from "postgres";
import { signToken } from "../../local/token.ts";
import { freshDatabase, withStack } from "../support/harness.ts";

Deno.test("the API leaves every right in the database as the migrations gave it", async () => {
  await withStack(async ({ database, apiUrl, publishableKey, secretKey }) => {
    const before = await rights(database.sql);
    const token = await signToken({ participant: "guardian1", family: "f" });
    for (const path of ["/rest/v1/frost_signing_sessions", "/auth/v1/settings"]) {
      for (const apikey of [publishableKey, secretKey]) {
        const headers = { apikey, Authorization: `Bearer ${token}` };
        await (await fetch(apiUrl + path, { headers })).body?.cancel();
      }
    }
    const after = await rights(database.sql);
    // The auth API creates its own tables; none of what was there may have changed.
    const kept = after.filter(({ kind, name }) =>
      before.some((row) => row.kind === kind && row.name === name)
    );
    assert.deepEqual(kept, before);
  });
});

Deno.test("auth.uid() stays the platform's after the auth API was used", async () => {
  await withStack(async ({ database, apiUrl, publishableKey }) => {
    const source = () =>
      database.sql`select prosrc from pg_proc where oid = 'auth.uid()'::regprocedure`;
    const [before] = await source();
    const response = await fetch(`${apiUrl}/auth/v1/signup`, {
      method: "POST",
      headers: { apikey: publishableKey, "Content-Type": "application/json" },
      body: JSON.stringify({ email: "someone@example.com", password: "correct horse" }),
    });
    assert.equal(response.status, 200, await response.text());
    assert.deepEqual((await source())[0], before);
  });
});

Deno.test("a refusal reaches the client with the status and the fields PostgREST gives it", async () => {
  await withStack(async ({ database, apiUrl, publishableKey, secretKey }) => {
    await database.sql.unsafe(`
      create function public.refuse(p_state text) returns void language plpgsql as $$
      begin raise exception using errcode = p_state, message = 'No', detail = 'why', hint = 'code'; end $$;
      grant execute on function public.refuse(text) to anon, service_role;`);
    const statuses = {
      P0001: 400,
      "23514": 400,
      "23505": 409,
      "40001": 500,
      "21000": 500,
      "54000": 400,
      "54001": 500,
      "57P01": 503,
      PT429: 429,
      PT422: 422,
      ZZ123: 400,
    };
    for (const [state, status] of Object.entries(statuses)) {
      for (const apikey of [publishableKey, secretKey]) {
        const response = await fetch(`${apiUrl}/rest/v1/rpc/refuse`, {
          method: "POST",
          headers: { apikey, "Content-Type": "application/json" },
          body: JSON.stringify({ p_state: state }),
        });
        assert.equal(response.status, status, state);
        assert.deepEqual(await response.json(), {
          code: state,
          message: "No",
          details: "why",
          hint: "code",
        });
      }
    }
  });
});

Deno.test("a list that is nested deeper than PostgreSQL allows is the caller's mistake", async () => {
  await withStack(async ({ database, apiUrl, secretKey }) => {
    await database.sql.unsafe(`
      create function public.count_all(p_names text[]) returns int language sql volatile as
        $$ select cardinality(p_names) $$;
      grant execute on function public.count_all(text[]) to service_role;`);
    const answers = [6, 7].map(async (depth) => {
      const response = await fetch(`${apiUrl}/rest/v1/rpc/count_all`, {
        method: "POST",
        headers: { apikey: secretKey, "Content-Type": "application/json" },
        body: `{"p_names":${"[".repeat(depth)}"a"${"]".repeat(depth)}}`,
      });
      return [response.status, (await response.json()).code];
    });
    assert.deepEqual(await Promise.all(answers), [[200, undefined], [400, "54000"]]);
  });
});

Deno.test("the data API waits for a lock, and for a statement, as long as on a hosted project", async () => {
  await withStack(async ({ database, apiUrl, secretKey }) => {
    await database.sql.unsafe(`
      create function public.limits() returns jsonb language sql volatile as $$
        select jsonb_build_array(current_setting('lock_timeout'), current_setting('statement_timeout')) $$;
      grant execute on function public.limits() to service_role;`);
    const response = await fetch(`${apiUrl}/rest/v1/rpc/limits`, {
      method: "POST",
      headers: { apikey: secretKey },
    });
    assert.deepEqual(await response.json(), ["8s", "8s"]);
  });
});

Deno.test("what a function is told of its request is of that request alone", async () => {
  await withStack(async ({ database, apiUrl, publishableKey, secretKey }) => {
    await database.sql.unsafe(`
      create function public.told() returns jsonb language sql volatile as $$
        select jsonb_build_object('user', current_user, 'method', current_setting('request.method'),
          'path', current_setting('request.path'), 'mark', current_setting('request.headers')::jsonb -> 'x-mark',
          'claims', current_setting('request.jwt.claims', true), 'read_only', current_setting('transaction_read_only'))
      $$;
      create function public.teapot() returns text language sql volatile as $$
        select set_config('response.status', '418', true)
      $$;
      grant execute on function public.told(), public.teapot() to anon, authenticated, service_role;`);
    const token = await signToken({ participant: "guardian1", family: "f" });
    const ask = (method: string, apikey: string, mark: string, bearer?: string) =>
      fetch(`${apiUrl}/rest/v1/rpc/told`, {
        method,
        headers: {
          apikey,
          "x-mark": mark,
          ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }),
        },
      });
    const member = await (await ask("POST", publishableKey, "1", token)).json();
    assert.deepEqual(
      { ...member, claims: JSON.parse(member.claims).app_metadata.participant_id },
      {
        user: "authenticated",
        method: "POST",
        path: "/rpc/told",
        mark: "1",
        claims: "guardian1",
        read_only: "off",
      },
    );
    const [teapot, nobody, service] = [
      await fetch(`${apiUrl}/rest/v1/rpc/teapot`, {
        method: "POST",
        headers: { apikey: secretKey },
      }),
      await ask("GET", publishableKey, "2"),
      await ask("POST", secretKey, "3"),
    ];
    assert.deepEqual([teapot.status, await teapot.json()], [418, "418"]);
    const { claims: ofNobody, ...told } = await nobody.json();
    assert.ok(!ofNobody?.includes("guardian1"), "no claims are left of the request before");
    assert.deepEqual([nobody.status, told.user, told.method, told.mark, told.read_only], [
      200,
      "anon",
      "GET",
      "2",
      "on",
    ]);
    const asService = await service.json();
    assert.deepEqual([service.status, asService.user, asService.mark], [200, "service_role", "3"]);
  });
});

Deno.test("sixty-four requests at once are all answered, though each waits in the database", async () => {
  await withStack(async ({ database, apiUrl, publishableKey }) => {
    await database.sql.unsafe(`
      create function public.whoami() returns text language sql volatile as
        $$ select auth.jwt() -> 'app_metadata' ->> 'participant_id' from pg_sleep(0.05) $$;
      grant execute on function public.whoami() to authenticated;`);
    const asked = Array.from({ length: 64 }, (_, index) => `guardian${index}`);
    const answered = await Promise.all(asked.map(async (participant) => {
      const token = await signToken({ participant, family: "f" });
      const response = await fetch(`${apiUrl}/rest/v1/rpc/whoami`, {
        method: "POST",
        headers: { apikey: publishableKey, Authorization: `Bearer ${token}` },
      });
      return await response.json();
    }));
    assert.deepEqual(answered, asked);
  });
});

Deno.test("a token whose signature was altered is refused", async () => {
  await withStack(async ({ apiUrl, publishableKey }) => {
    const token = await signToken({ participant: "guardian1", family: "f" });
    const forged = token.slice(0, -4) + (token.endsWith("AAAA") ? "BBBB" : "AAAA");
    const response = await fetch(`${apiUrl}/rest/v1/frost_signing_sessions`, {
      headers: { apikey: publishableKey, Authorization: `Bearer ${forged}` },
    });
    assert.equal(response.status, 401, await response.text());
  });
});

Deno.test("an unknown function and an unknown path are 404 in JSON", async () => {
  await withStack(async ({ apiUrl }) => {
    for (
      const path of [
        "/functions/v1/no-such-function",
        "/functions/v1/_shared",
        "/_system/config",
        "/",
      ]
    ) {
      const response = await fetch(apiUrl + path, { method: "POST" });
      assert.equal(response.status, 404, path);
      assert.equal(typeof (await response.json()).message, "string");
    }
  });
});

Deno.test("a fresh database starts without the API's traces", async () => {
  await using database = await freshDatabase();
  const [{ users }] = await database.sql`select to_regclass('auth.users') as users`;
  assert.equal(users, null);
});

async function rights(sql: postgres.Sql): Promise<{ kind: string; name: string; acl: string }[]> {
  return [
    ...await sql<{ kind: string; name: string; acl: string }[]>`
      select 'relation' as kind, oid::regclass::text as name, relacl::text as acl from pg_class
      where relnamespace not in ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)
      union all select 'column', attrelid::regclass || '.' || attname, attacl::text from pg_attribute
      where attacl is not null
      union all select 'function', oid::regprocedure::text, proacl::text from pg_proc
      where pronamespace <> 'pg_catalog'::regnamespace
      union all select 'schema', nspname, nspacl::text from pg_namespace where nspname !~ '^pg_'
      union all select 'default', defaclrole::regrole || ' ' || defaclnamespace || ' ' || defaclobjtype::text,
        defaclacl::text from pg_default_acl
      union all select 'role', rolname, (rolsuper, rolinherit, rolbypassrls)::text from pg_roles
      order by 1, 2`,
  ];
}
