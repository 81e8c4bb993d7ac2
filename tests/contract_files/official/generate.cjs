// The classes that AsyncAPI's generator makes of a document: node generate.cjs NODE_MODULES FILE
// One line of JSON: { language: [[name, source], ...] }
const { createRequire } = require("node:module");
const [, , modules, file] = process.argv;
const need = createRequire(`${modules}/`);
const { Parser, fromFile } = need("@asyncapi/parser");
const { GoGenerator, JavaGenerator, TypeScriptGenerator, TS_DESCRIPTION_PRESET } = need("@asyncapi/modelina");

const generators = {
  go: new GoGenerator(),
  java: new JavaGenerator(),
  typescript: new TypeScriptGenerator({ modelType: "interface", presets: [TS_DESCRIPTION_PRESET] }),
};

async function main() {
  const { document } = await fromFile(new Parser(), file).parse();
  const made = {};
  for (const [language, generator] of Object.entries(generators)) {
    const models = await generator.generate(document);
    made[language] = models.map((model) => [model.modelName, model.result]);
  }
  console.log(JSON.stringify(made));
}

main();
