/** docs/grafana.json and docs/alerts.yml are about what the function `metrics` exposes, and about all of it. */
import assert from "node:assert/strict";
import { z } from "zod";
import { call } from "../support/answers.ts";
import { secret } from "../support/http_family.ts";
import { freshDatabase, withStack } from "../support/harness.ts";
import { parseExposition } from "../functions/exposition.ts";
import { eventfulFamily } from "../functions/monitored.ts";
import { anchorsOf, readPage, readTable } from "./markdown.ts";

const operations = await readPage("docs/operations.md");

const Dashboard = z.object({
  templating: z.object({ list: z.array(z.object({ query: z.string() })) }),
  panels: z.array(z.object({
    title: z.string(),
    targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })),
  })),
});
const { panels, templating } = Dashboard.parse(
  JSON.parse((await readPage("docs/grafana.json")).text),
);
const targets = panels.flatMap((panel) => panel.targets);

/** The rules: what stands behind each key of theirs, on one line. */
const rules = (await readPage("docs/alerts.yml")).text.split(/^ +- alert: /m).slice(1)
  .map((text) => ({
    name: text.split("\n")[0],
    expr: valueOf(text, "expr"),
    runbook: valueOf(text, "runbook"),
  }));

function valueOf(text: string, key: string): string {
  return RegExp(`^ +${key}: (.+)$`, "m").exec(text)?.[1] ?? assert.fail(`No ${key}: ${text}`);
}

const metricsIn = (expr: string): string[] => expr.match(/\bpermafrost_\w+/g) ?? [];

Deno.test("the dashboard has every metric, by its labels, and it and the rules have no others", async () => {
  const { names, samples } = await withStack(async (stack) => {
    const { family } = await eventfulFamily(stack, 120);
    await family.fillPools(1);
    const { text } = await call(stack, "metrics", secret(stack), undefined, { method: "GET" });
    const names = [...text.matchAll(/^# TYPE (\w+) gauge$/gm)].map(([, name]) => name);
    return { names, samples: parseExposition(text) };
  });
  assert.ok(names.length >= 10);
  const shown = targets.flatMap(({ expr }) => metricsIn(expr));
  assert.deepEqual([...new Set(shown)].sort(), [...names].sort());
  const used = [...templating.list.map(({ query }) => query), ...rules.map(({ expr }) => expr)]
    .flatMap(metricsIn);
  assert.deepEqual(used.filter((name) => !names.includes(name)), []);
  for (const { expr, legendFormat } of targets) {
    const labels = new Set(
      samples.filter(({ name }) => metricsIn(expr).includes(name))
        .flatMap((sample) => Object.keys(sample.labels)),
    );
    const read = [...`${expr} ${legendFormat}`.matchAll(/(\w+)(?==~?")|\{\{(\w+)\}\}/g)]
      .map(([, matched, written]) => matched ?? written);
    // Prometheus adds the target.
    assert.deepEqual(read.filter((label) => label !== "instance" && !labels.has(label)), [], expr);
  }
});

Deno.test("each alert of the database has one rule, and a section that says what to do", async () => {
  await using database = await freshDatabase();
  const [{ prosrc }] = await database.sql<{ prosrc: string }[]>`
    select prosrc from pg_proc
    where proname = 'signing_metrics' and pronamespace = 'permafrost'::regnamespace`;
  const [, raised = ""] = /from \(values([^]*?)\) as a \(alert, value, threshold\)/.exec(prosrc) ??
    [];
  const alerts = [...raised.matchAll(/^ *\('([^']+)', /gm)].map(([, alert]) => alert).sort();
  assert.ok(alerts.length >= 6, alerts.join());
  const ruled = rules.flatMap(({ expr }) =>
    [.../permafrost_alert\{alert="([^"]+)"\} == 1/.exec(expr) ?? []].slice(1)
  );
  assert.deepEqual(ruled.sort(), alerts);
  const listed = readTable(operations, "### Alerts").map(([name]) => name.replaceAll("`", ""));
  assert.deepEqual(listed.sort(), alerts);
  const anchors = anchorsOf(operations);
  for (const { name, runbook } of rules) {
    const [, anchor] = /^docs\/operations\.md#(.+)$/.exec(runbook) ?? [];
    assert.ok(anchors.has(anchor), `${name}: ${runbook}`);
  }
});
