// The reference as a page: every operation of /v1/openapi.json with its members, answers and a curl line.

const methods = ["get", "post", "delete"];
/** The server's root: the page works behind a path prefix too. */
const root = new URL("..", import.meta.url).href;

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function resolve(document, schema) {
  if (!schema?.$ref) return schema;
  return schema.$ref.slice(2).split("/").reduce((place, key) => place[key], document);
}

/** The members of a body, those of `allOf` parts behind its own. */
function members(document, schema) {
  const whole = resolve(document, schema) ?? {};
  const own = Object.entries(whole.properties ?? {}).map(([name, value]) => ({
    name, value: resolve(document, value), isRequired: (whole.required ?? []).includes(name),
  }));
  return [...own, ...(whole.allOf ?? []).flatMap((part) => members(document, part))];
}

function kind(value) {
  const all = [value?.type ?? value?.anyOf?.map((part) => part.type ?? []) ?? []].flat(2);
  const types = [...new Set(all)].filter((type) => type !== "null").join(" or ");
  const choices = value?.enum ? `: ${value.enum.filter((one) => one !== null).join(", ")}` : "";
  const fallback = value?.default !== undefined ? `, default ${value.default}` : "";
  return (types || "value") + choices + fallback;
}

function table(rows) {
  const made = element("table", "members");
  for (const [name, text, isRequired] of rows) {
    const row = element("tr");
    row.append(element("th", isRequired ? "required" : "", name), element("td", "", text));
    made.append(row);
  }
  return made;
}

/** A path with examples in place of its parameters; ids that only the reader knows become variables of the shell. */
function address(path, parameters) {
  const filled = path.replace(/([a-z]*)\/{(\w+)}/g, (_, before, name) => {
    const example = parameters.find((one) => one.in === "path" && one.name === name)?.example;
    return `${before}/${example ?? "$" + (before.endsWith("s") ? before.slice(0, -1) : name)}`;
  });
  const whole = root + filled.slice(1);
  return whole.includes("$") ? `"${whole}"` : whole;
}

function curl(method, path, parameters, body) {
  const verb = method === "get" ? "" : ` -X ${method.toUpperCase()}`;
  const json = JSON.stringify(body)?.replaceAll("'", "'\\''");
  const data = json ? ` \\\n  -H 'Content-Type: application/json' -d '${json}'` : "";
  return `curl${path.endsWith("events") ? " -N" : ""}${verb} ${address(path, parameters)}${data}`;
}

function operation(document, path, method, shared) {
  const facts = document.paths[path][method];
  const section = element("section");
  const title = element("h3");
  const link = element("a");
  link.href = `#${facts.operationId}`;
  link.append(element("code", "", path));
  section.id = facts.operationId;
  title.append(element("span", `method ${method}`, method.toUpperCase()), link);
  section.append(title, element("p", "", facts.summary));
  const parameters = [...shared, ...(facts.parameters ?? [])].map((one) => resolve(document, one));
  const rows = parameters.map((one) => [one.name, `${kind(one.schema)} in the ${one.in}`, one.required]);
  const content = facts.requestBody?.content?.["application/json"];
  for (const member of members(document, content?.schema)) {
    const text = [kind(member.value), member.value?.description].filter(Boolean).join(". ");
    rows.push([member.name, text, member.isRequired]);
  }
  if (rows.length) section.append(table(rows));
  const example = Object.values(content?.examples ?? {})[0]?.value;
  section.append(element("pre", "", curl(method, path, parameters, example)));
  section.append(element("p", "answers", `Answers: ${Object.keys(facts.responses).join(", ")}`));
  return section;
}

const answer = await fetch(`${root}v1/openapi.json`);
const reference = await answer.json();
document.getElementById("summary").textContent = reference.info.summary;
for (const tag of reference.tags) {
  const main = document.getElementById("reference");
  main.append(element("h2", "group", tag.name));
  for (const [path, item] of Object.entries(reference.paths)) {
    for (const method of methods) {
      if (item[method]?.tags?.includes(tag.name)) {
        main.append(operation(reference, path, method, item.parameters ?? []));
      }
    }
  }
}
// The page was empty when the browser looked for the operation that the address names.
document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
