//! Inputs that are too large to keep, or that no mutation finds: bombs, depths, lengths and numbers.

/// How deep the deep ones are.
const DEEP: usize = 100_000;

/// As long as a file that is read may be.
pub(crate) const LONGEST: usize = 16 << 20;

/// The cases of a target.
pub(crate) fn cases(target: &str) -> Vec<Vec<u8>> {
    match target {
        "yaml" => yaml(),
        "inventory" => inventory(),
        "ini" => ini(),
        "playbook" => playbook(),
        "template" => template(),
        "template:values" => template_values(),
        "vault" => vault(),
        "frames" => frames(),
        other => panic!("there is no target `{other}`"),
    }
}

/// What every reader of text gets.
fn texts() -> Vec<Vec<u8>> {
    vec![
        Vec::new(),
        b"\0".repeat(1000),
        vec![0xff; 1000],
        b"a: \xc3\x28\n".to_vec(),
        vec![b'a'; LONGEST],
        vec![b'a'; 100_000_000],
        b"\n".repeat(DEEP),
        b"#".repeat(DEEP),
        b"[".repeat(DEEP),
        b"{".repeat(DEEP),
        b"\"".repeat(DEEP),
        b"- ".repeat(DEEP),
        b"? ".repeat(DEEP),
        "\u{feff}".repeat(DEEP).into_bytes(),
        "\u{2028}é\u{10ffff}".repeat(1000).into_bytes(),
    ]
}

/// Each line is made of the one before it, so that the last is twice to ten times as large.
fn bomb(first: &str, line: impl Fn(usize) -> String, last: usize) -> Vec<u8> {
    let mut text = first.to_owned();
    for number in 1..=last {
        text += &line(number);
    }
    text.into_bytes()
}

/// YAML that grows when its aliases are followed.
fn bombs() -> Vec<Vec<u8>> {
    let aliases = |number: usize| vec![format!("*a{}", number - 1); 10].join(", ");
    vec![
        bomb(
            "a0: &a0 [x]\n",
            |n| format!("a{n}: &a{n} [{}]\n", aliases(n)),
            12,
        ),
        bomb(
            "a0: &a0 {k: x}\n",
            |n| format!("a{n}: &a{n} {{l: *a{0}, m: *a{0}}}\n", n - 1),
            40,
        ),
        bomb(
            "a0: &a0 {k0: x}\n",
            |n| format!("a{n}: &a{n} {{<<: [{}], k{n}: x}}\n", aliases(n)),
            40,
        ),
        bomb(
            "a0: &a0 x\n",
            |n| format!("a{n}: [{}]\n", vec!["*a0"; 100].join(", ")).repeat(n % 2),
            2000,
        ),
        format!(
            "a: &a {}\nb: [{}]\n",
            "x".repeat(100_000),
            vec!["*a"; 100_000].join(", ")
        )
        .into_bytes(),
        format!(
            "a: &a [{}]\nb: [{}]\n",
            vec!["x"; 1000].join(", "),
            vec!["*a"; 10_000].join(", ")
        )
        .into_bytes(),
    ]
}

fn yaml() -> Vec<Vec<u8>> {
    let many = |text: &str| text.repeat(DEEP).into_bytes();
    let mut cases = texts();
    cases.extend(bombs());
    cases.extend([
        many("---\n"),
        many("--- a\n"),
        many("%TAG ! !x\n"),
        many("&a "),
        many("!a "),
        many("a: &a\n  "),
        many("- *a\n"),
        numbered("k", ": v\n"),
        numbered("- &a", " x\n"),
        (0..2000)
            .flat_map(|depth| format!("{}a:\n", " ".repeat(depth)).into_bytes())
            .collect(),
        format!("a: {}\n", "9".repeat(DEEP)).into_bytes(),
        format!("a: 0x{}\n", "f".repeat(DEEP)).into_bytes(),
        format!("a: 1e{}\n", "9".repeat(DEEP)).into_bytes(),
        format!("a: 0.{}\n", "9".repeat(DEEP)).into_bytes(),
        format!("a: \"{}\"\n", "\\U0010FFFF".repeat(DEEP)).into_bytes(),
        format!("a: |{}\n x\n", "9".repeat(DEEP)).into_bytes(),
        format!(
            "a: !vault |\n{}",
            "  $ANSIBLE_VAULT;1.1;AES256\n".repeat(1000)
        )
        .into_bytes(),
        format!("{}: 1\n", "k".repeat(2_000_000)).into_bytes(),
    ]);
    cases
}

/// Lines with a number each.
fn numbered(before: &str, after: &str) -> Vec<u8> {
    let lines = (0..DEEP / 2).flat_map(|number| format!("{before}{number}{after}").into_bytes());
    lines.collect()
}

fn inventory() -> Vec<Vec<u8>> {
    let mut cases = texts();
    let nested = |depth: usize| {
        let open: Vec<String> = (0..depth)
            .map(|n| format!("{{children: {{g{n}: "))
            .collect();
        let open = open.concat();
        format!("all: {open}{}", "}}".repeat(depth)).into_bytes()
    };
    // Each group is a child of both of the one before.
    let ladder = |n: usize| {
        format!(
            "a{n}: {{children: {{a{0}: , b{0}: }}}}\nb{n}: {{children: {{a{0}: , b{0}: }}}}\n",
            n + 1
        )
    };
    cases.extend([
        nested(20),
        nested(10_000),
        bomb("", ladder, 60),
        b"all: {hosts: {'h[1:999999999999]': }}".to_vec(),
        b"all: {hosts: {'h[0:9][0:9][0:9][0:9][0:9][0:9][0:9][0:9][0:9]': }}".to_vec(),
        b"all: {hosts: {'h[1:99999]': {a: 1}}}".to_vec(),
        b"all: {hosts: {'h[000000000000000000001:2]': }}".to_vec(),
        b"all: {hosts: {'h[a:z][a:z][a:z]': }}".to_vec(),
        b"all: {hosts: {'h[1:5:0]': , 'h[5:1]': , 'h[-1:1]': , 'h[': , 'h[]': , 'h[:]': }}"
            .to_vec(),
        b"!".repeat(90),
        b"all:&".repeat(15),
    ]);
    cases.extend(bombs());
    cases
}

fn ini() -> Vec<Vec<u8>> {
    let mut cases = texts();
    let ladder = |n: usize| {
        format!(
            "[a{n}:children]\na{0}\nb{0}\n[b{n}:children]\na{0}\nb{0}\n",
            n + 1
        )
    };
    cases.extend([
        b"h[1:999999999999]\n".to_vec(),
        b"h[0:9][0:9][0:9][0:9][0:9][0:9][0:9][0:9][0:9]\n".to_vec(),
        bomb("", ladder, 60),
        numbered("[g", "]\n"),
        numbered("h", " a=1\n"),
        format!("h {}\n", "a=1 ".repeat(DEEP)).into_bytes(),
        format!("h a={}\n", "[".repeat(DEEP)).into_bytes(),
        format!("h a={}1{}\n", "(".repeat(1000), ")".repeat(1000)).into_bytes(),
        format!("h a={}\n", "-".repeat(DEEP)).into_bytes(),
        format!("h a={}\n", "9".repeat(DEEP)).into_bytes(),
        format!("h a='{}\n", "\\".repeat(DEEP)).into_bytes(),
    ]);
    cases
}

fn playbook() -> Vec<Vec<u8>> {
    let mut cases = texts();
    let task = |yaml: &str| format!("- hosts: all\n  tasks:\n  - {yaml}\n").into_bytes();
    let blocks = |depth: usize| {
        task(&format!(
            "{}{{debug: {{msg: x}}}}{}",
            "{block: [".repeat(depth),
            "]}".repeat(depth)
        ))
    };
    cases.extend([
        blocks(15),
        blocks(20_000),
        task("debug: {msg: x}\n").repeat(2000),
        task(&format!("when: {}", "not ".repeat(DEEP))),
        task(&format!("when: {}", vec!["true"; DEEP].join(" and "))),
        task(&format!("debug: {{msg: '{{{{ {} }}}}'}}", "(".repeat(DEEP))),
        task(&format!("{{debug: {{msg: x}}, loop: [{}]}}", vec!["1"; DEEP].join(", "))),
        task("include_tasks: site.yaml"),
        task("import_tasks: site.yaml"),
        task("{include_tasks: tasks.yaml, loop: [1]}\n  - block: [{include_role: {name: web}}]"),
        b"- import_playbook: site.yaml\n".repeat(100),
        b"- hosts: all\n  roles: [web, web, {role: web, port: 1}]\n".repeat(500),
        b"- hosts: all\n  serial: 99999999999999999999999\n".to_vec(),
        b"- hosts: all\n  serial: ['1e999%', -1, 0, '%', .nan]\n  max_fail_percentage: 1e400\n".to_vec(),
        task("{command: x, retries: 1e300, delay: -1, timeout: 99999999999999999999, async: .inf, poll: -0}"),
    ]);
    cases.extend(bombs());
    cases
}

fn template() -> Vec<Vec<u8>> {
    let mut cases = texts();
    let expression = |text: &str| format!("{{{{ {text} }}}}").into_bytes();
    let chain = |operator: &str| expression(&vec!["one"; 20_000].join(operator));
    cases.extend([
        expression(&format!("{}1{}", "(".repeat(DEEP), ")".repeat(DEEP))),
        expression(&format!("{}1{}", "[".repeat(60), "]".repeat(60))),
        expression(&format!("{}true", "not ".repeat(DEEP))),
        expression(&format!("{}1", "-".repeat(DEEP))),
        expression(&format!("name{}", " | upper".repeat(20_000))),
        expression(&format!("conf{}", ".port".repeat(20_000))),
        expression(&format!("list{}", "[0]".repeat(20_000))),
        chain(" ~ "),
        chain(" + "),
        chain(" and "),
        chain(" == "),
        chain(" // "),
        chain(" ** "),
        chain(" if flag else "),
        expression("9 ** 9 ** 9 ** 9"),
        expression("big * big"),
        expression("one // 0"),
        expression("one % 0"),
        expression("-9223372036854775808 // -1"),
        expression("range(end=1000000000000)"),
        expression("range(end=1000000000000) | length"),
        expression("range(end=9223372036854775807, step_by=0)"),
        "{{ name }}".repeat(20_000).into_bytes(),
        format!(
            "{}x{}",
            "{% if flag %}".repeat(5000),
            "{% endif %}".repeat(5000)
        )
        .into_bytes(),
        format!(
            "{}x{}",
            "{% for a in list %}".repeat(30),
            "{% endfor %}".repeat(30)
        )
        .into_bytes(),
        b"{% for a in range(end=1000000000) %}{{ text }}{% endfor %}".to_vec(),
        expression(&format!("text | indent(width={})", i64::MAX)),
        expression("text | regex_replace(pattern='((a*)*)*$', rep='x')"),
        expression("text | regex_replace(pattern='a{1000}{1000}{1000}', rep='x')"),
        expression("text | truncate(length=-1)"),
        expression("list | batch(0)"),
        expression("one | round(precision=99999999999)"),
    ]);
    cases
}

/// Values that grow while a template is rendered, and of which nothing is written.
fn template_values() -> Vec<Vec<u8>> {
    let replaced = " | replace(from=' ', to='          ')".repeat(12);
    vec![
        bomb(
            "{% set a = name %}",
            |_| "{% set a = a ~ a %}".to_owned(),
            60,
        ),
        bomb(
            "{% set a = [1] %}",
            |_| "{% set a = [a, a] %}".to_owned(),
            60,
        ),
        format!("{{{{ text{replaced} }}}}").into_bytes(),
    ]
}

fn vault() -> Vec<Vec<u8>> {
    let mut cases = texts();
    let vault = |body: &str| format!("$ANSIBLE_VAULT;1.1;AES256\n{body}").into_bytes();
    cases.extend([
        vault(""),
        vault(&"61".repeat(DEEP)),
        vault(&"61\n".repeat(DEEP)),
        vault(&"0a".repeat(DEEP)),
        vault("610a620a63"),
        format!("$ANSIBLE_VAULT;1.2;AES256;{}\n61", "l".repeat(DEEP)).into_bytes(),
        format!("$ANSIBLE_VAULT{}", ";".repeat(DEEP)).into_bytes(),
        b"$ANSIBLE_VAULT;1.1;AES256".to_vec(),
        format!("age-encryption.org/v1\n{}", "-> X25519 a\n".repeat(DEEP)).into_bytes(),
        format!("age-encryption.org/v1\n-> {}\n", "a ".repeat(DEEP)).into_bytes(),
        format!("-----BEGIN AGE ENCRYPTED FILE-----\n{}", "A".repeat(DEEP)).into_bytes(),
    ]);
    cases
}

fn frames() -> Vec<Vec<u8>> {
    let mut cases = texts();
    let frame = |payload: &[u8]| {
        let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
        [b"M", &length[..], payload].concat()
    };
    cases.extend([
        b"M\xff\xff\xff\xff".to_vec(),
        b"M\x01\x00\x00\x00".to_vec(),
        b"M\x00\xff\xff\xff{".to_vec(),
        b"P\0\0\0\0".repeat(DEEP),
        frame(&b"[".repeat(DEEP)),
        frame(&b"{\"run\":".repeat(DEEP)),
        frame(format!("{{\"go\":{}}}", "9".repeat(DEEP)).as_bytes()),
        frame(format!("{{\"go\":1e{}}}", "9".repeat(20)).as_bytes()),
        frame(format!("{{\"need_content\":\"{}\"}}", "\\u0000".repeat(DEEP)).as_bytes()),
        frame(b"{\"need_content\":\"\\ud800\"}"),
    ]);
    cases
}
