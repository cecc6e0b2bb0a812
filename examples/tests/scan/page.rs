//! The report as a web page.

use super::*;

#[test]
fn the_page_escapes_text_and_is_its_owners() {
    let desk = Desk::new();
    desk.write(
        "a.txt",
        "<script>alert('x')</script> & \"q\"\nName: <b>Okoro & Sons</b>, MRN: 00482913\nEve Untold \u{202e}",
    );
    let ran = desk.run(&["@a.txt", "--html", "@clear.html", "--show-values"]);
    assert_eq!(ran.code, 10, "{ran:?}");
    let page = desk.read("clear.html");
    assert!(
        !page.contains("<script") && !page.contains("<b>Okoro"),
        "{page}"
    );
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;q&quot;"));
    assert!(page.contains(
        "<mark dir=auto class=\"identifier\" title=\"name · high · label, cue\">&lt;b&gt;Okoro &amp; Sons&lt;/b&gt;</mark>"
    ));
    assert!(page.contains("Eve Untold \u{fffd}"));
    assert!(page.contains("<h3>why"));

    desk.run(&["@a.txt", "--html", "@masked.html"]);
    let page = desk.read("masked.html");
    without_values(&page);
    // What nobody found must not stand there either.
    for text in ["Okoro", "Sons", "Eve", "Untold", "alert"] {
        assert!(!page.contains(text), "{text}");
    }
    assert!(page.contains("Name: </bdi><mark"), "{page}");
    #[cfg(unix)]
    for file in ["masked.html", "clear.html"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(desk.path(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // Nothing speaks against nothing.
    desk.write("c.eml", CLEAN);
    desk.run(&["@c.eml", "--html", "@none.html"]);
    assert!(!desk.read("none.html").contains("<h3>why"));
    let again = desk.run(&["@a.txt", "--html", "@masked.html"]);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("is there already"), "{again:?}");
}

#[test]
fn the_page_leaves_no_finding_out_unsaid() {
    let desk = Desk::new();
    desk.write("many.txt", "MRN 00482913\n".repeat(600));
    desk.run(&["@many.txt", "--html", "@cut.html"]);
    let page = desk.read("cut.html");
    assert_eq!(page.matches("<tr><td>mrn").count(), 500);
    let note = page.find("it holds the first 500 of 600 findings").unwrap();
    assert!(note < page.find("<h3>findings").unwrap());
    desk.run(&["@many.txt", "--html", "@all.html", "--all"]);
    let page = desk.read("all.html");
    assert_eq!(page.matches("<tr><td>mrn").count(), 600);
    assert!(!page.contains("is cut"));

    // Of a long text the findings are shown, wherever they are.
    let filler = "word ünd word\n".repeat(30_000);
    desk.write(
        "long.txt",
        format!(
            "first 00482913 one\n{filler}{}00482913 last\n{filler}",
            "é".repeat(9_000)
        ),
    );
    for more in [&[][..], &["--all"]] {
        let name = format!("@long{}.html", more.len());
        let mut words = vec!["@long.txt", "--show-values", "--html", &name];
        words.extend(more);
        assert_eq!(desk.run(&words).code, 10);
        let page = desk.read(&name[1..]);
        let (_, text) = page.split_once("attachment:0</bdi></h3><pre>\n").unwrap();
        let text = &text[..text.find("</pre>").unwrap() + 6];
        assert_eq!(text.matches("00482913</mark>").count(), 2);
        assert!(
            text.starts_with("first ") && text.contains("\n…\néé"),
            "{text}"
        );
        assert!(
            text.contains("last\nword ünd word\n") && text.contains("\n…</pre>"),
            "{text}"
        );
        assert!(text.len() < 4_000, "{text}");
        assert!(page.contains("is cut: only what stands around the findings is shown"));
    }
}

/// Takes some bytes, and is closed then.
struct Closing(usize);

impl std::io::Write for Closing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match bytes.len().min(self.0) {
            0 => Err(std::io::ErrorKind::BrokenPipe.into()),
            some => {
                self.0 -= some;
                Ok(some)
            }
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_page_is_written_though_nobody_reads_the_rest() {
    let desk = Desk::new();
    desk.write("in/a.eml", CLEAN).write("in/b.eml", MAIL);
    let run = |more: &[&str]| {
        let mut err = Vec::new();
        let streams = Streams {
            input: &mut std::io::empty(),
            out: &mut Closing(20),
            err: &mut err,
            paint: Paint::none(),
        };
        let page = more.iter().map(|word| match word.strip_prefix('@') {
            Some(file) => desk.path(file).into_os_string(),
            None => OsString::from(word),
        });
        let all = [OsString::from("scan"), desk.path("in").into_os_string()];
        let code = scan::program(
            all.into_iter().chain(page),
            &words,
            streams,
            Progress::none(),
        );
        (code, String::from_utf8(err).unwrap())
    };
    for (n, more) in [&["--threads", "1"][..], &["--json"], &["--threads", "2"]]
        .into_iter()
        .enumerate()
    {
        let page = format!("@{n}.html");
        let mut all = vec!["--html", &page];
        all.extend(more);
        assert_eq!(run(&all), (10, String::new()));
        assert!(desk.read(&page[1..]).contains("2 files: 1 <b class=none>"));
    }
    assert_eq!(run(&[]), (1, String::new()));
}
