//! What is said of mistakes.

use super::{Variables, holds, render};
use crate::template::Templates;

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn mistakes_are_placed_and_explained() {
    for (text, place, message, help) in [
        (
            "{{ nam }}",
            3..6,
            "`nam` is not defined",
            "did you mean `name`?",
        ),
        (
            "{{ omit }}",
            3..7,
            "`omit` is not defined",
            "only the argument of a module can be omitted",
        ),
        (
            "{{ conf.prot }}",
            3..12,
            "`conf.prot` is not defined",
            "did you mean `port`?",
        ),
        (
            "{{ conf.tls.zzzz }}",
            3..16,
            "`conf.tls.zzzz` is not defined",
            "`conf.tls` has `on`",
        ),
        (
            "{{ list[3] }}",
            3..10,
            "`list[3]` is not defined",
            "`list` is a list of 3",
        ),
        (
            "{{ name.x }}",
            3..9,
            "`name.x` is not defined",
            "`name` is a string",
        ),
        (
            "{{ not_run.stdout }}",
            3..17,
            "`not_run.stdout` is not defined",
            "the task that registered `not_run` was skipped",
        ),
        (
            "a\nb {{ one }}\n{{ nope }}",
            17..21,
            "`nope` is not defined",
            "",
        ),
        ("é {{ nope }} x", 6..10, "`nope` is not defined", ""),
        (
            "{{ x | default('y', true, 1) }}",
            26..27,
            "`default` takes 2 arguments only",
            "for example `missing.field | default(8080)`",
        ),
        (
            "{{ list | sort('x', reverse=true, false) }}",
            34..39,
            "an argument without a name cannot come after one with a name",
            "give it a name too, as in `f(x, second=y)`",
        ),
        (
            "{{ list | replace('a', from='b', to='c') }}",
            23..27,
            "the argument `from` is given twice",
            "",
        ),
        (
            "{{ list | map('uper') }}",
            15..19,
            "unknown filter `uper`",
            "did you mean `upper`?",
        ),
        (
            "{{ list | map(name) }}",
            14..18,
            "the filter to apply must be written as its name in quotes",
            "for example `list | map('upper')`",
        ),
        (
            "{{ list | select('mach', 'a') }}",
            18..22,
            "unknown test `mach`",
            "did you mean `match`?",
        ),
        (
            "{{ list | map('regex_replace', 'a', 'b', colour=1) }}",
            41..47,
            "`regex_replace` has no argument `colour`",
            "it has `pattern`, `replacement`, `ignorecase`, `multiline`, `count`",
        ),
        (
            "{{ list | selectattr('a', 'equalto') }}",
            26..35,
            "`equalto` needs the argument `other`",
            "for example `1 is equalto(2)`",
        ),
        (
            "{{ one is divisibleby 3 }}",
            22..23,
            "the argument of the test `divisibleby` needs parentheses",
            "write `is divisibleby(3)`",
        ),
        (
            "{{ name | ansible.utils.ipaddr('network') }}",
            10..17,
            "unknown filter `ansible`",
            "leave the collection out: write the last part alone, as in `x | ipaddr('network')`",
        ),
        (
            "{{ one is in list }}",
            10..12,
            "`in` is an operator",
            "write `x in list` or `x not in list`",
        ),
        (
            "{{ name is exists }}",
            11..17,
            "unknown test `exists`",
            "register what the module `stat` finds on the host, and ask `result.stat.exists`",
        ),
        (
            "{{ lookup('fil', 'x') }}",
            10..15,
            "unknown lookup `fil`",
            "did you mean `file`?",
        ),
        (
            "{{ lookup('vars', 'x') }}",
            10..16,
            "unknown lookup `vars`",
            "write the name of the variable, or keep the values in a mapping and write `mapping[key]`",
        ),
        (
            "{{ lookup('pipe', 'date') }}",
            10..16,
            "`lookup('pipe', ...)` runs a program on this machine, which is not allowed",
            "allow it with `--allow-pipe`, or register what a task with `delegate_to: localhost` prints",
        ),
        (
            "{{ lookup('file', 'no.txt') }}",
            3..27,
            "there is no file `no.txt` on this machine",
            "it is looked for in `files/` of the role and beside the playbook",
        ),
        (
            "{{ [[1, [2]], 3] | flatten }}",
            8..9,
            "arrays can have a maximum of 2 dimensions",
            "put the inner list into a variable",
        ),
        (
            "{{ name | password_hash('sha512') }}",
            10..23,
            "`password_hash` needs the argument `salt`",
            "for example `'secret' | password_hash('sha256', 'saltsalt')`",
        ),
        (
            "{{ [1, 'a'] | sort }}",
            14..18,
            "a string and a number cannot be compared",
            "",
        ),
        (
            "{{ list | join(separator=',') }}",
            15..24,
            "`join` has no argument `separator`",
            "it has `sep`",
        ),
        (
            "{{ name | replace(from='a') }}",
            10..17,
            "`replace` needs the argument `to`",
            "for example `'a.b' | replace('.', '-')`",
        ),
        (
            "{{ name | uper }}",
            10..14,
            "unknown filter `uper`",
            "did you mean `upper`?",
        ),
        (
            "{{ name | tojson }}",
            10..16,
            "unknown filter `tojson`",
            "write `to_json`",
        ),
        (
            "{{ name | changed }}",
            10..17,
            "unknown filter `changed`",
            "`changed` is a test: write `x is changed`",
        ),
        (
            "{{ flag is true }}",
            11..15,
            "unknown test `true`",
            "write the value itself",
        ),
        (
            "{{ conf.items() }}",
            7..13,
            "`items` cannot be called: values have no methods",
            "write `for key, value in x` in a template, or `x | dict2items`",
        ),
        (
            "{{ 1 < one < 3 }}",
            11..12,
            "comparisons cannot be chained",
            "write `1 < a and a < 3`",
        ),
        (
            "{{ list + list }}",
            3..14,
            "`+` requires both operands to be numbers, found a list and a list",
            "join texts as `a ~ b`, lists as `[...a, ...b]`, mappings as `{...a, ...b}`",
        ),
        (
            "{{ name < one }}",
            3..13,
            "cannot compare a string with a number",
            "convert one of them, as in `x | int`",
        ),
        (
            "{{ 1 if flag }}",
            13..13,
            "a choice needs an `else`, as in `a if condition else b`",
            "to filter a loop, write `for x in [y for y in list if condition]`",
        ),
        (
            "{{ one = 1 }}",
            7..8,
            "`=` cannot stand here",
            "compare with `==`",
        ),
        (
            "{{ hosts.0 }}",
            9..10,
            "a field's name cannot begin with a digit",
            "write `[0]`",
        ),
        (
            "{{ {a: 1} }}",
            4..5,
            "expected a quoted key, found `a`",
            "write `'a': ...`",
        ),
        ("{{ }}", 0..5, "there is no expression in these braces", ""),
        ("a {{ b", 2..4, "this is never closed by `}}`", ""),
        ("a {# b", 2..4, "this is never closed by `#}`", ""),
        (
            "{% else if one %}",
            3..7,
            "`else if` is one word here",
            "write `elif`",
        ),
        (
            "{% do x %}",
            3..5,
            "unknown tag `do`",
            "write `{% set x = ... %}`",
        ),
        (
            "{{ list | map(attribute='x') }}",
            10..28,
            "an item has no `x`",
            "",
        ),
        (
            "{{ secret | int }}",
            12..15,
            "this is no whole number in base 10",
            "",
        ),
        (
            "{{ list | upper }}",
            3..7,
            "invalid type for the value, expected a string but got a list",
            "",
        ),
        (
            "{{ secret | from_json }}",
            12..21,
            "this is not JSON, see its line 1 column 1",
            "",
        ),
        (
            "{{ conf?.nope }}",
            0..16,
            "the expression gives nothing: its value is not defined",
            "end it in `| default(value=...)`",
        ),
        (
            "{{ missing | mandatory(message='set it') }}",
            13..40,
            "set it",
            "",
        ),
        ("{{ broken }}", 3..9, "variable `broken`: boom", ""),
    ] {
        let error = render(text).expect_err(text);
        assert_eq!(error.message, message, "{text}");
        assert_eq!(error.at, Some(place), "{text}");
        assert_eq!(error.help.unwrap_or_default(), help, "{text}");
    }
}

#[test]
fn a_broken_variable_matters_only_where_it_is_used() {
    assert_eq!(holds("flag or broken"), Ok(true));
    let error = holds("broken is defined").expect_err("broken is neither defined nor undefined");
    let cause = error.cause.expect("the variable's own error");
    assert_eq!((&*cause.variable, cause.error.at), ("broken", Some(0..1)));
}

#[test]
fn no_error_shows_a_value() {
    for text in [
        "{{ secret | int }}",
        "{{ secret | float }}",
        "{{ secret | bool }}",
        "{{ secret.x }}",
        "{{ secret + 1 }}",
        "{{ secret < 1 }}",
        "{{ -secret }}",
        "{{ secret | from_json }}",
        "{{ secret | b64decode }}",
        "{{ secret | sum }}",
        "{{ one is containing(pat=secret) }}",
        "{{ list[secret] }}",
        "{{ secret is odd }}",
        "{{ range(end=secret) }}",
        "{{ secret | from_yaml_all | sum }}",
        "{{ secret | ipaddr('network') }}",
        "{{ secret | human_to_bytes }}",
        "{{ secret | to_datetime }}",
        "{{ [secret] | map('int') }}",
        "{{ [secret, 1] | sort }}",
        "{{ secret | combine({}) }}",
        "{{ '%d' | format(secret) }}",
        "{{ one | random(seed=secret, start=5) }}",
        "{% for x in secret | items2dict %}{% endfor %}",
    ] {
        let error = render(text).expect_err(text);
        assert!(
            !format!("{error:?}").contains("hunter2"),
            "{text}: {error:?}"
        );
    }
    assert!(!format!("{:?}", holds("secret")).contains("hunter2"));
}

#[test]
fn a_condition_in_braces_is_explained() {
    let error = holds("{{ flag }}").expect_err("braces");
    assert_eq!(error.message, "a condition is an expression already");
}

#[test]
fn too_much_output_is_refused() {
    let mut templates = Templates::new();
    let text = "{% for a in range(end=1000) %}{% for b in range(end=1000) %}0123456789012345678{% endfor %}{% endfor %}";
    let text = templates.compile_text(text).expect("a text");
    let error = templates
        .render_text(&text, &Variables::standard())
        .expect_err("19 MB");
    assert_eq!(error.message, "the rendered text is too large");
}

#[test]
fn nesting_has_an_end() {
    for depth in [50, 100, 10_000] {
        let text = format!("{{{{ {}1{} }}}}", "(".repeat(depth), ")".repeat(depth));
        assert!(render(&text).is_err(), "{depth}");
    }
}
