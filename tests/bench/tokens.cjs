// Counts the o200k tokens of what `manage.py mcp_tools --json` prints, and prints a Markdown table;
// of a list of texts, prints the list of their counts.
"use strict";

const HOW_TO_INSTALL = `This needs js-tiktoken, which has the table of o200k inside:
  npm install --prefix ~/js js-tiktoken
  manage.py mcp_tools --results --json | NODE_PATH=~/js/node_modules node tests/bench/tokens.cjs`;

function encoder() {
  try {
    const { Tiktoken } = require("js-tiktoken/lite");
    return new Tiktoken(require("js-tiktoken/ranks/o200k_base"));
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
    console.error(HOW_TO_INSTALL);
    process.exit(1);
  }
}

const tokens = encoder();

function row(what, texts) {
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const count = texts.reduce((sum, text) => sum + tokens.encode(text).length, 0);
  const [shown, counted] = [bytes, count].map((number) => number.toLocaleString("en"));
  console.log(`| ${what} | ${shown} | ${counted} | ${(bytes / count).toFixed(2)} |`);
}

function table({ tools, results }) {
  const listed = tools.map((tool) => tool.listed);
  console.log("| what | bytes | tokens | bytes per token |\n|---|---|---|---|");
  row(
    `${tools.length} tools: name, description, schema`,
    listed.map(({ name, description, inputSchema }) =>
      JSON.stringify({ name, description, inputSchema }),
    ),
  );
  row("the whole answer", [JSON.stringify({ jsonrpc: "2.0", id: 1, result: { tools: listed } })]);
  for (const { tool, arguments: given, format, text } of results) {
    row([tool, ...Object.values(given).flat(), format].join(" "), [text]);
  }
}

const input = JSON.parse(require("fs").readFileSync(0, "utf8"));
if (Array.isArray(input)) {
  console.log(JSON.stringify(input.map((text) => tokens.encode(text).length)));
} else {
  table(input);
}
