// What ajv, strict, finds in the schemas and examples of folders: node validate.cjs NODE_MODULES FOLDER...
// One line of JSON each: { schemas: {type: error or null}, examples: {file: errors} }
const fs = require("node:fs");
const { createRequire } = require("node:module");
const [, , modules, ...folders] = process.argv;
const need = createRequire(`${modules}/`);
const Ajv = need("ajv").default;
const addFormats = need("ajv-formats").default;

const read = (folder) =>
  fs.readdirSync(folder).sort().map((file) => [file, JSON.parse(fs.readFileSync(`${folder}/${file}`, "utf8"))]);

for (const folder of folders) {
  const ajv = new Ajv({ strict: true, allErrors: true });
  addFormats(ajv);
  const validators = {};
  const schemas = {};
  for (const [file, schema] of read(`${folder}/schemas`)) {
    try {
      validators[schema.$id] = ajv.compile(schema);
      schemas[file] = null;
    } catch (error) {
      schemas[file] = error.message;
    }
  }
  const examples = {};
  for (const [file, example] of read(`${folder}/examples`)) {
    const validate = validators[example.headers.ce_dataschema];
    examples[file] = !validate || validate(example.payload) ? [] : validate.errors;
  }
  console.log(JSON.stringify({ schemas, examples }));
}
