import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import project from "../../../deno.json" with { type: "json" };
import { signToken } from "../../local/token.ts";
import { withStack } from "../support/harness.ts";
import { VERSIONS, withInstalled, type Work } from "../support/installed.ts";
import { shared } from "../support/shared.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** By the version of supabase-js: the folder that the package is installed in with it. */
const INSTALLED = VERSIONS.map((version) =>
  [version, shared((work: Work) => withInstalled(work, version))] as const
);
const [[, installed]] = INSTALLED;

async function run(folder: string, env: Record<string, string>): Promise<unknown> {
  const { code, stdout, stderr } = await new Deno.Command("node", {
    args: ["app.js"],
    cwd: folder,
    env,
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

const SIGN = `
import { createClient } from "@supabase/supabase-js";
import {
  dealKey, Guardian, guardianTransport, UnifiedFederatedSigningService, FrostSessionManager,
} from "${project.name}";
import { FileNonceStore } from "${project.name}/file-nonce-store";

const { API_URL, PUBLISHABLE_KEY, SECRET_KEY, ANN, BOB } = process.env;
// Node 20 has no WebSocket, and supabase-js wants one. It is not used: there is no Realtime here.
const realtime = { transport: globalThis.WebSocket ?? class {} };
const clientOf = (key, token) => createClient(API_URL, key, {
  realtime, ...(token ? { accessToken: async () => token } : {}),
});
const participants = ["ann", "bob"];
const { registration, keyShares } = dealKey({ familyId: "family", threshold: 2, participants });
const operator = clientOf(SECRET_KEY);
const { error } = await operator.functions.invoke("register-key-package", { body: registration });
if (error) throw error;
const guardians = await Promise.all([ANN, BOB].map(async (token, i) => {
  const supabase = clientOf(PUBLISHABLE_KEY, token);
  const store = await FileNonceStore.open("./nonces-" + i);
  return {
    sessions: new FrostSessionManager(supabase),
    service: UnifiedFederatedSigningService.getInstance(supabase),
    guardian: new Guardian({
      keyShare: keyShares[i], store, transport: guardianTransport(supabase),
    }),
  };
}));
const must = (result) => {
  if (!result.success) throw new Error(JSON.stringify(result));
  return result;
};
const [{ service, sessions: first }] = guardians;
const { sessionId } = must(await service.createSigningRequest({
  familyId: "family", messageHash: "5a".repeat(32), participants, threshold: 2,
}));
const waiting = service.waitFor(sessionId, "completed", { timeoutMs: 20_000 });
for (const { guardian, sessions } of guardians) {
  must((await guardian.commit(must(await sessions.getSession(sessionId)).session)).answer);
}
for (const { guardian, sessions } of guardians) {
  const { signingPackage } = must(await sessions.getSigningPackage(sessionId));
  must((await guardian.sign(signingPackage)).answer);
}
const { status } = must(await waiting);
const { valid } = must(await first.verifyAggregatedSignature(sessionId));
console.log(JSON.stringify({ status, valid }));
`;

for (const [version, folderOf] of INSTALLED) {
  Deno.test(`the npm package is imported by Node, and signs with supabase-js ${version}`, async () => {
    await withStack(async (stack) => {
      const folder = folderOf();
      await writeFile(join(folder, "app.js"), SIGN);
      const tokenOf = (participant: string) => signToken({ participant, family: "family" });
      const answer = await run(folder, {
        API_URL: stack.apiUrl,
        PUBLISHABLE_KEY: stack.publishableKey,
        SECRET_KEY: stack.secretKey,
        ANN: await tokenOf("ann"),
        BOB: await tokenOf("bob"),
      });
      assert.deepEqual(answer, { status: "completed", valid: true });
    });
  });
}

Deno.test("the npm package has all that the source exports", async () => {
  const folder = installed();
  await writeFile(
    join(folder, "app.js"),
    `import * as all from "${project.name}"; console.log(JSON.stringify(Object.keys(all).sort()));`,
  );
  const source = await import("../../../client/mod.ts");
  assert.deepEqual(await run(folder, {}), Object.keys(source).sort());
});

Deno.test("the npm package says what it is, and under which licence", async () => {
  const folder = installed();
  const read = (name: string) => readFile(join(folder, "node_modules", project.name, name), "utf8");
  assert.match(await read("LICENSE"), /MIT License/);
  const shown = await read("README.md");
  for (const path of Object.keys(project.exports)) {
    assert.ok(shown.includes(`\`${project.name}${path.slice(1)}\``), path);
  }
  // The page that says how to install it names the tarball as it is called.
  const tarball = `${project.name.slice(1).replace("/", "-")}-${project.version}.tgz`;
  assert.ok((await readdir(folder)).includes(tarball));
  assert.ok((await readFile(join(ROOT, "docs/client.md"), "utf8")).includes(`/${tarball}`));
});

const TYPED = `
import { createClient } from "@supabase/supabase-js";
import {
  type Failure, FrostSessionManager, IndexedDbNonceStore, type KeyShare, type NonceStore,
  type Result, UnifiedFederatedSigningService,
} from "${project.name}";

import { Guardian } from "${project.name}/guardian";
import { waitFor } from "${project.name}/sessions";
import { RecoveryRequester } from "${project.name}/recovery";
import { FileNonceStore } from "${project.name}/file-nonce-store";

type Database = { public: {
  Tables: { mine: { Row: { a: number }; Insert: { a: number }; Update: { a: number }; Relationships: [] } };
  Views: Record<never, never>;
  Functions: { other: { Args: { p_a: number }; Returns: number } };
  Enums: Record<never, never>; CompositeTypes: Record<never, never>;
} };
// An app's own types of its own database must not be in the way.
const sessions = new FrostSessionManager(createClient<Database>("http://x", "y"));
const supabase = createClient("http://x", "y");
const service = UnifiedFederatedSigningService.getInstance(supabase);
const waiting: Promise<Result<{ reached: boolean }>> = waitFor(supabase, "id", "completed");
const made: [typeof Guardian, typeof RecoveryRequester, typeof FileNonceStore] =
  [Guardian, RecoveryRequester, FileNonceStore];
const store: Promise<NonceStore> = IndexedDbNonceStore.open("nonces");
const created = await service.createSigningRequest({
  familyId: "f", messageHash: "5a", participants: ["a"], threshold: 1, useCase: "key_rotation",
});
if (created.success) {
  const id: string = created.sessionId;
  const method: "frost" | "sss" = created.method;
  const read = await sessions.getSession(id);
  if (read.success) { const n: number = read.session.expires_at; }
} else {
  switch (created.code) { case "session_expired": case "network_error": break; }
  const failure: Failure = created;
}
// @ts-expect-error There is no data before it is known to be a success.
created.sessionId;
// @ts-expect-error
const share: KeyShare = { ciphersuite: "none" };
`;

for (const [version, folderOf] of INSTALLED) {
  Deno.test(`the npm package's types hold for an app with supabase-js ${version}`, () => {
    const file = join(folderOf(), "app.ts");
    Deno.writeTextFileSync(file, TYPED);
    const resolutions = [
      {
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
      },
      {
        module: ts.ModuleKind.ESNext,
        moduleResolution: ts.ModuleResolutionKind.Bundler,
      },
      // Reads `main`, `types` and `typesVersions`, and no `exports`.
      {
        module: ts.ModuleKind.ESNext,
        moduleResolution: ts.ModuleResolutionKind.Node10,
      },
    ];
    for (const resolution of resolutions) {
      const program = ts.createProgram([file], {
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        target: ts.ScriptTarget.ES2022,
        lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts", "lib.esnext.d.ts"],
        types: [],
        ...resolution,
      });
      const problems = ts.getPreEmitDiagnostics(program)
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
      assert.deepEqual(problems, []);
    }
  });
}
