// What the official parser finds in AsyncAPI documents, as a line of JSON each: node diagnose.cjs NODE_MODULES FILE...
const { createRequire } = require("node:module");
const [, , modules, ...files] = process.argv;
const { Parser, fromFile } = createRequire(`${modules}/`)("@asyncapi/parser");

async function main() {
  for (const file of files) {
    const { document, diagnostics } = await fromFile(new Parser(), file).parse();
    const channels = document ? document.channels().all().map((channel) => channel.address()) : [];
    const messages = document ? document.messages().all().map((message) => message.name()) : [];
    console.log(JSON.stringify({ channels, messages, diagnostics }));
  }
}

main();
