//! Fetching against a server that truncates, stalls, lies and errs.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::{fs, thread};

use modiste_sources::{Error, FileState, KnownSet, RetryPolicy, Silent, Source, fetch, load, verify};

use crate::support::encrypted_server::serve_encrypted;
use crate::support::server::{Answer, HASTY, Request, Server};
use crate::support::{NAMES, Notes, closed_address, put_files, small_files, small_set};

/// Serves the small set as planned for each of its files.
fn serve(plan: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Server {
    Server::start(small_files(), plan)
}

fn assert_complete(dir: &Path, set: &'static KnownSet) {
    for report in verify(set, dir) {
        assert_eq!(report.state, FileState::Good, "{}", report.path.display());
    }
    for entry in fs::read_dir(dir).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == ".lock" || NAMES.contains(&name.as_str()), "{name} is left over");
    }
}

/// Fetches from servers with these plans, one mirror each, and expects the whole set.
fn fetched_in_spite_of(plans: &[fn(usize) -> Answer]) -> (Vec<Vec<Request>>, String) {
    let servers: Vec<_> = plans.iter().map(|&plan| serve(plan)).collect();
    let set = small_set(&servers.iter().map(|server| server.address).collect::<Vec<_>>());
    let (dir, notes) = (tempfile::tempdir().unwrap(), Notes::default());
    let place = fetch(set, Some(dir.path()), &HASTY, &notes).unwrap();
    assert_complete(&place, set);
    (servers.iter().map(Server::requests).collect(), notes.text())
}

fn of_first_file(requests: &[Request]) -> Vec<Option<usize>> {
    requests.iter().filter(|request| request.file == NAMES[0]).map(|request| request.from).collect()
}

#[test]
fn an_honest_server_is_asked_once_for_each_file() {
    let server = serve(|_| Answer::Honest);
    let set = small_set(&[server.address]);
    let (dir, notes) = (tempfile::tempdir().unwrap(), Notes::default());
    let place = fetch(set, Some(dir.path()), &HASTY, &notes).unwrap();
    assert_eq!(place, dir.path().join("small"));
    assert_complete(&place, set);
    fetch(set, Some(dir.path()), &HASTY, &notes).unwrap();
    assert_eq!(server.requests().len(), 4, "the second fetch finds everything there");
    assert_eq!(notes.text().matches("Finished").count(), 4);
    assert!(notes.text().contains("Advanced"));
}

#[test]
fn a_truncated_file_is_continued_where_it_ended() {
    let (requests, notes) = fetched_in_spite_of(&[|earlier| match earlier {
        0 => Answer::Truncate(40),
        _ => Answer::Honest,
    }]);
    assert_eq!(of_first_file(&requests[0]), [None, Some(40)]);
    assert!(notes.contains("Retrying") && notes.contains("after 40 of"), "{notes}");
}

#[test]
fn a_server_that_ignores_ranges_sends_all_again() {
    let (requests, _) = fetched_in_spite_of(&[|earlier| match earlier {
        0 => Answer::Truncate(40),
        _ => Answer::IgnoreRange,
    }]);
    assert_eq!(of_first_file(&requests[0]), [None, Some(40)]);
}

#[test]
fn a_stall_is_given_up_and_continued() {
    let (requests, _) = fetched_in_spite_of(&[|earlier| match earlier {
        0 => Answer::Stall(30),
        _ => Answer::Honest,
    }]);
    assert_eq!(of_first_file(&requests[0]), [None, Some(30)]);
}

#[test]
fn lengths_are_not_believed() {
    fetched_in_spite_of(&[|earlier| match earlier {
        0 => Answer::PromiseFewer(9),
        _ => Answer::Honest,
    }]);
    let (requests, _) = fetched_in_spite_of(&[|_| Answer::PromiseMore(5000)]);
    assert_eq!(of_first_file(&requests[0]), [None], "the bytes were right all the same");
}

#[test]
fn no_more_is_read_than_a_file_has() {
    let (requests, _) = fetched_in_spite_of(&[|_| Answer::Endless]);
    assert_eq!(requests[0].len(), 4);
}

#[test]
fn after_not_found_the_next_address_is_asked() {
    let (requests, notes) = fetched_in_spite_of(&[|_| Answer::Status(404), |_| Answer::Honest]);
    assert_eq!(requests[0].len(), 1, "a 404 does not change by asking again, nor for the next file");
    assert_eq!(requests[1].len(), 4);
    assert!(notes.contains("404") && notes.contains("next address"), "{notes}");
}

#[test]
fn server_errors_are_waited_out() {
    let (requests, _) = fetched_in_spite_of(&[|earlier| match earlier {
        0 => Answer::Status(500),
        1 => Answer::Gibberish,
        _ => Answer::Honest,
    }]);
    assert_eq!(of_first_file(&requests[0]).len(), 3);
}

#[test]
fn wrong_bytes_are_never_used() {
    fetched_in_spite_of(&[|_| Answer::WrongBytes, |_| Answer::Honest]);

    let server = serve(|_| Answer::WrongBytes);
    let set = small_set(&[server.address]);
    let dir = tempfile::tempdir().unwrap();
    let error = fetch(set, Some(dir.path()), &HASTY, &Silent).unwrap_err();
    assert!(matches!(error, Error::Download { .. }), "{error}");
    assert!(error.to_string().contains(server.address) && error.to_string().contains("SHA-256"), "{error}");
    assert!(verify(set, &dir.path().join("small")).iter().all(|report| report.state == FileState::Missing));
}

#[test]
fn lasting_trouble_is_an_error_that_says_where() {
    for answer in [Answer::Status(503), Answer::Truncate(5), Answer::Stall(5), Answer::Drip, Answer::Gibberish] {
        let server = serve(move |_| answer);
        let dir = tempfile::tempdir().unwrap();
        let error = fetch(small_set(&[server.address]), Some(dir.path()), &HASTY, &Silent).unwrap_err();
        assert!(matches!(error, Error::Download { .. }), "{error}");
        assert!(error.to_string().contains(&format!("{}{}", server.address, NAMES[0])), "{error}");
        assert_eq!(server.requests().len(), HASTY.attempts as usize, "{answer:?}");
    }
}

#[test]
fn a_part_of_something_else_is_thrown_away() {
    for second in [Answer::Honest, Answer::Status(416), Answer::OtherRange] {
        let server = serve(move |earlier| if earlier == 0 { second } else { Answer::Honest });
        let set = small_set(&[server.address]);
        for part in [vec![7; 50], vec![7; set.files[0].size as usize], vec![7; 1 << 20]] {
            let dir = tempfile::tempdir().unwrap();
            let place = dir.path().join("small");
            fs::create_dir(&place).unwrap();
            fs::write(place.join(format!("{}.part", NAMES[0])), part).unwrap();
            fetch(set, Some(dir.path()), &HASTY, &Silent).unwrap();
            assert_complete(&place, set);
        }
    }
}

#[test]
fn a_file_that_changed_at_one_address_is_taken_from_the_next() {
    let (requests, _) = fetched_in_spite_of(&[
        |earlier| if earlier == 0 { Answer::Truncate(20) } else { Answer::OtherSize },
        |_| Answer::Honest,
    ]);
    assert_eq!(of_first_file(&requests[0]), [None, Some(20)]);
    assert_eq!(of_first_file(&requests[1]), [Some(20)], "what is here already is still good");
}

#[test]
fn without_network_that_is_what_it_says_and_soon() {
    let (dir, notes) = (tempfile::tempdir().unwrap(), Notes::default());
    let set = small_set(&[closed_address(), closed_address()]);
    let error = fetch(set, Some(dir.path()), &HASTY, &notes).unwrap_err();
    assert!(matches!(error, Error::NoNetwork { .. }), "{error}");
    // Once for each address, where one that has been reached is tried three times.
    assert!(notes.text().matches("Retrying").count() <= 2, "{}", notes.text());
}

#[test]
fn the_first_connection_may_fail_once() {
    let address = closed_address();
    let set = small_set(&[address]);
    let dir = tempfile::tempdir().unwrap();
    let later = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        Server::start_at(address, small_files(), |_| Answer::Honest)
    });
    let retry = RetryPolicy { pause: Duration::from_millis(500), ..HASTY };
    let place = fetch(set, Some(dir.path()), &retry, &Silent).unwrap();
    assert_complete(&place, set);
    assert_eq!(later.join().unwrap().requests().len(), 4);
}

#[test]
fn an_outage_between_two_files_is_waited_out() {
    let server = Server::start_with_outage(small_files(), Duration::from_millis(400));
    let set = small_set(&[server.address]);
    let (dir, notes) = (tempfile::tempdir().unwrap(), Notes::default());
    let retry = RetryPolicy { pause: Duration::from_millis(50), attempts: 8, ..HASTY };
    let place = fetch(set, Some(dir.path()), &retry, &notes).unwrap();
    assert_complete(&place, set);
    assert!(notes.text().matches("Retrying").count() > 1, "{}", notes.text());
}

#[test]
fn a_page_instead_of_a_file_is_called_one_and_the_next_address_is_asked() {
    let (requests, notes) = fetched_in_spite_of(&[|_| Answer::Page, |_| Answer::Honest]);
    assert_eq!(requests[0].len(), 1, "it is not asked again");
    assert!(notes.contains("gave a web page instead of the file"), "{notes}");
}

#[test]
fn a_failed_fetch_leaves_nothing_and_says_where_the_files_belong() {
    for answer in [Answer::Page, Answer::Status(404), Answer::WrongBytes, Answer::Status(503)] {
        let server = serve(move |_| answer);
        for address in [server.address, closed_address()] {
            let dir = tempfile::tempdir().unwrap();
            let place = dir.path().join("new/place");
            let error = fetch(small_set(&[address]), Some(&place), &HASTY, &Silent).unwrap_err().to_string();
            let [a, b, c, d] = NAMES;
            let put = format!("put {a}, {b}, {c} and {d} into {}, or", place.join("small").display());
            assert!(error.contains(&put), "{error}");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "{answer:?}");
        }
    }
    // What was there stays, and what has come of a file is kept and said.
    let server = serve(|_| Answer::Truncate(40));
    let (dir, notes) = (tempfile::tempdir().unwrap(), Notes::default());
    fs::write(dir.path().join("mine"), "").unwrap();
    fetch(small_set(&[server.address]), Some(dir.path()), &HASTY, &notes).unwrap_err();
    let part = dir.path().join(format!("small/{}.part", NAMES[0]));
    assert_eq!(fs::metadata(&part).unwrap().len(), 40);
    assert!(
        notes.text().contains(&format!("40 bytes have come and are kept in {}", part.display())),
        "{}",
        notes.text()
    );
    assert!(dir.path().join("mine").exists() && !dir.path().join("small/.lock").exists());
}

/// What other tests run in a process of its own, whose environment is all it knows of the network.
#[test]
#[ignore = "is run by another test"]
fn fetch_in_this_environment() {
    let address = std::env::var("TEST_ADDRESS").unwrap();
    let (dir, notes) = (tempfile::tempdir().unwrap(), Notes::default());
    match fetch(small_set(&[address.leak()]), Some(dir.path()), &HASTY, &notes) {
        Ok(_) => println!("all is there"),
        Err(error) => println!("{error}"),
    }
    println!("{}", notes.text());
}

/// What it says with these variables.
fn fetch_with(address: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR", "NO_PROXY", "no_proxy"] {
        command.env_remove(name);
    }
    command
        .args(["--ignored", "--exact", "download::fetch_in_this_environment", "--nocapture"])
        .env("TEST_ADDRESS", address)
        .envs(variables.iter().copied());
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn a_proxy_that_refuses_is_not_taken_for_no_network() {
    for (status, words) in
        [("403 Forbidden", "the proxy refuses it (status 403)"), ("407 Who", "a name and a password")]
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let lines = BufReader::new(&stream).lines().map_while(Result::ok);
                lines.take_while(|line| !line.is_empty()).for_each(drop);
                let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            }
        });
        let variables = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
        for address in ["http://sets.invalid/", "https://sets.invalid/"] {
            let said = fetch_with(address, &variables.map(|name| (name, proxy.as_str())));
            assert!(said.contains(words) && !said.contains("no network"), "{said}");
        }
    }
}

#[test]
fn the_certificates_that_the_environment_names_are_trusted() {
    let (address, here) =
        (serve_encrypted(small_files()), Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/certificates")));
    let authority = here.join("authority.pem");
    let said = fetch_with(&address, &[("SSL_CERT_FILE", authority.to_str().unwrap())]);
    assert!(said.contains("all is there"), "{said}");
    let said = fetch_with(&address, &[]);
    assert!(said.contains("certificate is not trusted") && said.contains("$SSL_CERT_FILE"), "{said}");
    assert!(!said.contains("no network") && !said.contains("Retrying"), "{said}");
    let said = fetch_with(&address, &[("SSL_CERT_FILE", "nowhere.pem")]);
    assert!(said.contains("no certificate can be read from where $SSL_CERT_FILE says"), "{said}");
}

#[test]
fn no_proxy_is_asked_for_what_is_on_this_machine() {
    let proxies = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "download::an_honest_server_is_asked_once_for_each_file"])
        .envs(proxies.map(|name| (name, closed_address())))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn two_at_once_fetch_once() {
    let server = serve(|earlier| if earlier == 0 { Answer::Stall(30) } else { Answer::Honest });
    let set = small_set(&[server.address]);
    let dir = tempfile::tempdir().unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| fetch(set, Some(dir.path()), &HASTY, &Silent).unwrap());
        }
    });
    assert_complete(&dir.path().join("small"), set);
    assert_eq!(server.requests().len(), 8, "each file once, and once more after its stall");
}

#[test]
fn a_damaged_file_is_said_to_be_so_and_replaced() {
    let server = serve(|_| Answer::Honest);
    let set = small_set(&[server.address]);
    for damage in [|bytes: &mut Vec<u8>| bytes[100] ^= 1, |bytes: &mut Vec<u8>| bytes.truncate(100)] {
        let (dir, notes) = (tempfile::tempdir().unwrap(), Notes::default());
        put_files(dir.path());
        let path = dir.path().join(NAMES[2]);
        let mut bytes = fs::read(&path).unwrap();
        damage(&mut bytes);
        fs::write(&path, bytes).unwrap();
        assert_eq!(verify(set, dir.path()).iter().filter(|report| report.state.is_good()).count(), 3);

        let before = server.requests().len();
        let data = load(&Source::Known(set), Some(dir.path()), &notes).unwrap();
        assert_eq!((data.train.len(), data.test.len()), (600, 100));
        assert!(notes.text().contains(&format!("{} is damaged", path.display())), "{}", notes.text());
        assert_complete(dir.path(), set);
        assert_eq!(server.requests().len(), before + 1, "only the damaged one is fetched");
    }
}

#[test]
fn a_complete_directory_is_only_read() {
    let set = small_set(&[closed_address()]);
    let dir = tempfile::tempdir().unwrap();
    put_files(dir.path());
    let data = load(&Source::Known(set), Some(dir.path()), &Silent).unwrap();
    assert_eq!(data.class_names[2], "c");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4, "nothing is written");
}

#[test]
fn sets_with_files_of_the_same_names_do_not_overwrite_each_other() {
    let server = serve(|_| Answer::Honest);
    let set = small_set(&[server.address]);
    let dir = tempfile::tempdir().unwrap();
    for name in NAMES {
        fs::write(dir.path().join(name), "another set's").unwrap();
    }
    let place = fetch(set, Some(dir.path()), &HASTY, &Silent).unwrap();
    assert_eq!(place, dir.path().join("small"));
    assert_eq!(fs::read(dir.path().join(NAMES[0])).unwrap(), b"another set's");
}
