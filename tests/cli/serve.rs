//! A server as its clients meet it: the same bits as `predict`, the protocol, bounds, and a good end.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::thread;

use modiste_data::Dataset;
use modiste_sources::{Silent, Source, load};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

use crate::runner::{Ended, World};
use crate::server::{Reply, Server};

const RECIPE: &str = "
name = 'glance'
layers = [
  { type = 'conv', filters = 8, kernel = 3, padding = 'same', bias = false },
  { type = 'batch_norm' },
  { type = 'relu' },
  { type = 'max_pool', size = 4 },
  { type = 'flatten' },
  { type = 'dense', activation = 'softmax' },
]
[training]
epochs = 1
batch = 50
[evaluation]
flip = true
";

/// A world with `run`, which was trained a little, `other`, which was trained otherwise, and a few pictures `0.png` and so on.
static WORLD: LazyLock<(World, Dataset)> = LazyLock::new(|| {
    let world = World::new();
    world.file("glance.toml", RECIPE);
    for (run, seed) in [("run", 1), ("other", 2)] {
        let train = format!("train glance.toml --data drawn-garments --limit 500 --seed {seed} --out {run} --quiet");
        assert_eq!(world.words(&train).status, Some(0));
    }
    let set = load(&Source::DrawnGarments, None, &Silent).unwrap();
    for index in 0..PICTURES {
        world.file(&format!("{index}.png"), png_of(28, 28, set.test.image(index)));
    }
    (world, set)
});
const PICTURES: usize = 24;

fn png_of(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    bytes
}

fn picture(index: usize) -> Vec<u8> {
    fs::read(WORLD.0.path(&format!("{index}.png"))).unwrap()
}

/// A request for tensors of these images, as JSON.
fn request(images: &[&[u8]]) -> Value {
    let data: Vec<u8> = images.concat();
    json!({"inputs": [{"name": "images", "shape": [images.len(), 1, 28, 28], "datatype": "FP32", "data": data}]})
}

/// The same with binary tensors: the lines of the head, and the body.
fn binary_request(image: &[u8]) -> (String, Vec<u8>) {
    let document = json!({
        "parameters": {"binary_data_output": true},
        "inputs": [{"name": "images", "shape": [1, 1, 28, 28], "datatype": "FP32", "parameters": {"binary_data_size": 4 * 784}}],
    });
    let head = document.to_string();
    let tensor = image.iter().flat_map(|&pixel| f32::from(pixel).to_le_bytes());
    (format!("Inference-Header-Content-Length: {}", head.len()), head.bytes().chain(tensor).collect())
}

/// The values of a binary answer, all outputs one after the other.
fn binary_values(reply: &Reply) -> Vec<f32> {
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/octet-stream")), "{reply:?}");
    let length: usize = reply.header("inference-header-content-length").unwrap().parse().unwrap();
    reply.body[length..].chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

/// What `predict` says of all pictures: answers by input.
fn predicted(words: &str) -> Vec<Value> {
    let inputs: String = (0..PICTURES).map(|index| format!(" {index}.png")).collect();
    let ended = WORLD.0.words(&format!("predict run{inputs} --json {words}"));
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Probabilities `[classes]` of an answer that tells all classes.
fn probabilities(answer: &Value) -> Vec<f32> {
    let top = answer["top"].as_array().unwrap();
    let mut all = vec![f32::NAN; top.len()];
    for likely in top {
        all[likely["index"].as_u64().unwrap() as usize] =
            serde_json::from_value(likely["probability"].clone()).unwrap();
    }
    all
}

#[test]
fn tensors_and_pictures_have_the_bits_of_predict_alone_and_in_a_crowd() {
    let server = Server::start(&WORLD.0, "run --name g --quiet");
    let once: Vec<_> = predicted("--single-view --top 10").iter().map(probabilities).collect();
    let in_all_views = predicted("--top 10");
    let as_picture = |reply: &Reply| {
        let mut answer = reply.document();
        assert_eq!(answer["input"], "-");
        answer.as_object_mut().unwrap().remove("input");
        answer
    };
    let ask = |index: usize| {
        let (head, body) = binary_request(WORLD.1.test.image(index));
        let reply = server.ask("POST", "/v2/models/g/infer", &[&head], &body);
        assert_eq!(binary_values(&reply)[..10], once[index], "image {index}");
        let reply = server.ask("POST", "/v1/predict?top=10", &["Content-Type: image/png"], &picture(index));
        let mut wanted = in_all_views[index].clone();
        wanted.as_object_mut().unwrap().remove("input");
        assert_eq!(as_picture(&reply), wanted, "picture {index}");
    };
    ask(0);
    thread::scope(|scope| {
        for index in 0..PICTURES {
            scope.spawn(move || (0..5).for_each(|_| ask(index)));
        }
    });
    // All at once, too.
    let images: Vec<_> = (0..PICTURES).map(|index| WORLD.1.test.image(index)).collect();
    let answer = server.json("/v2/models/g/infer", &request(&images)).document();
    let found: Vec<f32> = serde_json::from_value(answer["outputs"][0]["data"].clone()).unwrap();
    assert_eq!(found, once.concat());
    // In all views, where that is asked for, tensors are what `predict` says.
    let server = Server::start(&WORLD.0, "run --name g --quiet --views");
    let (head, body) = binary_request(images[3]);
    let reply = server.ask("POST", "/v2/models/g/infer", &[&head], &body);
    assert_eq!(binary_values(&reply)[..10], probabilities(&in_all_views[3]));
}

#[test]
fn several_pictures_are_answered_in_their_order_in_every_form() {
    let server = Server::start(&WORLD.0, "run --quiet");
    let parts = [("a.png", picture(0)), ("b.png", picture(1)), ("c.txt", b"no picture".to_vec())];
    let mut body = Vec::new();
    for (name, bytes) in &parts {
        write!(body, "--edge\r\nContent-Disposition: form-data; name=\"x\"; filename=\"{name}\"\r\n\r\n").unwrap();
        body.extend(bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--edge--\r\n");
    let of_parts =
        server.ask("POST", "/v1/predict", &["Content-Type: multipart/form-data; boundary=edge"], &body).document();
    let wanted = predicted("");
    assert_eq!(of_parts.as_array().unwrap().len(), 3);
    for index in 0..2 {
        assert_eq!(
            (&of_parts[index]["top"], &of_parts[index]["input"]),
            (&wanted[index]["top"], &json!(parts[index].0))
        );
    }
    assert_eq!(of_parts[2]["input"], "c.txt");
    assert!(of_parts[2]["error"].as_str().unwrap().contains("no PNG"));
    let base64 = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";
    let document = json!({"pictures": [base64, {"name": "black", "data": base64}]});
    let of_json = server.json("/v1/predict?top=1&explain=true&show_prepared=true", &document).document();
    assert_eq!((&of_json[0]["input"], &of_json[1]["input"]), (&json!("0"), &json!("black")));
    assert_eq!(of_json[0]["explanation"]["importance"].as_array().unwrap().len(), 28 * 28);
    assert!(of_json[1]["seen"].as_str().unwrap().starts_with("data:image/png;base64,"));
}

#[test]
fn the_protocol_tells_of_servers_and_models() {
    let server = Server::start(&WORLD.0, "run other --name first --quiet");
    assert_eq!(server.said["models"], json!(["first", "other"]));
    let get = |path: &str| server.get(path).document();
    assert_eq!(get("/v2")["name"], "modiste");
    assert_eq!((get("/v2/health/live"), get("/v2/health/ready")), (json!({"live": true}), json!({"ready": true})));
    let metadata = get("/v2/models/first");
    assert_eq!(metadata, get("/v2/models/first/versions/1"));
    assert_eq!(metadata["inputs"], json!([{"name": "images", "datatype": "FP32", "shape": [-1, 1, 28, 28]}]));
    assert_eq!(metadata["outputs"][1], json!({"name": "logits", "datatype": "FP32", "shape": [-1, 10]}));
    assert_eq!(get("/v2/models/other/ready"), json!({"name": "other", "ready": true}));
    assert_eq!(get("/v2/models/first/config")["input"][0]["dims"], json!([1, 28, 28]));
    let index = server.json("/v2/repository/index", &json!({"ready": true})).document();
    assert_eq!(index, get("/v2/repository/index"));
    assert_eq!(index[0], json!({"name": "first", "version": "1", "state": "READY", "reason": ""}));
    for path in ["/v2/models/second", "/v2/models/first/versions/2/ready", "/v2/nothing", "/.%2e/run/recipe.toml"] {
        server.get(path).problem(404);
    }
    let reply = server.ask("PUT", "/v2/models/first", &[], &[]);
    reply.problem(405);
    assert_eq!(reply.header("allow"), Some("GET,HEAD"));
}

#[test]
fn a_request_is_answered_as_it_asks() {
    let server = Server::start(&WORLD.0, "run --name g --quiet");
    let image = WORLD.1.test.image(5);
    let infer = |document: &Value| server.json("/v2/models/g/infer", document).document();
    let mut document = request(&[image]);
    document["id"] = "seven".into();
    let flat = infer(&document);
    assert_eq!((&flat["id"], &flat["model_name"], &flat["model_version"]), (&json!("seven"), &json!("g"), &json!("1")));
    let rows: Vec<Vec<f64>> = image.chunks(28).map(|row| row.iter().map(|&pixel| f64::from(pixel)).collect()).collect();
    document["inputs"][0]["data"] = json!([[rows]]);
    assert_eq!(infer(&document)["outputs"], flat["outputs"]);
    document["outputs"] = json!([
        {"name": "logits"},
        {"name": "probabilities", "parameters": {"classification": 2}},
    ]);
    let outputs = infer(&document)["outputs"].clone();
    assert_eq!(outputs[0], flat["outputs"][1]);
    let likeliest = predicted("--single-view --top 2")[5]["top"].clone();
    let wanted: Vec<String> = (0..2)
        .map(|rank| {
            let class = &likeliest[rank];
            format!("{}:{}:{}", class["probability"], class["index"], class["class"].as_str().unwrap())
        })
        .collect();
    assert_eq!(outputs[1], json!({"name": "probabilities", "datatype": "BYTES", "shape": [1, 2], "data": wanted}));
    let statistics = server.get("/v2/models/g/stats").document();
    let of_model = &statistics["model_stats"][0];
    assert_eq!(
        (&of_model["inference_count"], &of_model["inference_stats"]["success"]["count"]),
        (&json!(3), &json!(3))
    );
    let metrics = String::from_utf8(server.get("/metrics").body).unwrap();
    assert!(
        metrics.contains("modiste_requests_total{route=\"/v2/models/{name}/infer\",status=\"200\"} 3\n"),
        "{metrics}"
    );
    assert!(metrics.contains("modiste_batch_images_sum{model=\"g\"} 3.0\n"), "{metrics}");
}

/// Where a request goes, its headers and body; the status of its answer, and words of the sentence that it has.
type Case<'a> = (&'a str, Vec<&'a str>, Vec<u8>, u16, &'a str);

#[test]
fn broken_requests_are_told_what_is_wrong_and_harm_nobody() {
    let server = Server::start(&WORLD.0, "run --name g --quiet --max-body 1");
    let infer = "/v2/models/g/infer";
    let good = request(&[WORLD.1.test.image(0)]);
    let with = |change: fn(&mut Value)| {
        let mut document = good.clone();
        change(&mut document);
        document.to_string().into_bytes()
    };
    let huge = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x75\x30\0\0\x75\x30\x08\0\0\0\0".to_vec();
    // The checksum of the head, and the beginning of what would be its pixels.
    let huge = [&huge, &[0x43, 0x4c, 0xa7, 0x66][..], b"\0\0\0\x09IDAT"].concat();
    let (head, binary) = binary_request(WORLD.1.test.image(0));
    let length = |value: &str| format!("Inference-Header-Content-Length: {value}");
    let (beyond, words) = (length("99999"), length("a few"));
    let json_type = "Content-Type: application/json";
    let cases: Vec<Case<'_>> = vec![
        (infer, vec![json_type], b"{".to_vec(), 400, "no JSON"),
        (infer, vec![json_type], b"[]".to_vec(), 400, "no JSON"),
        (infer, vec![json_type], vec![0xff; 9], 400, "no JSON"),
        (infer, vec![json_type], b"[".repeat(100_000), 400, "no JSON"),
        (
            infer,
            vec![json_type],
            with(|document| document["inputs"][0]["shape"] = json!([1, 28, 28, 1])),
            400,
            "[n, 1, 28, 28]",
        ),
        (
            infer,
            vec![json_type],
            with(|document| document["inputs"][0]["shape"] = json!([2, 1, 28, 28])),
            400,
            "1568 numbers",
        ),
        (
            infer,
            vec![json_type],
            with(|document| document["inputs"][0]["shape"] = json!([-1, 1, 28, 28])),
            400,
            "no JSON",
        ),
        (infer, vec![json_type], with(|document| document["inputs"][0]["name"] = "pixels".into()), 400, "send images"),
        (
            infer,
            vec![json_type],
            with(|document| document["inputs"][0]["datatype"] = "BYTES".into()),
            400,
            "FP32 or UINT8",
        ),
        (infer, vec![json_type], with(|document| document["inputs"] = json!([])), 400, "send one"),
        (
            infer,
            vec![json_type],
            with(|document| document["outputs"] = json!([{"name": "classes"}])),
            400,
            "no output classes",
        ),
        (infer, vec![&head], binary[..binary.len() - 1].to_vec(), 400, "3135 bytes follow"),
        (infer, vec![&beyond], binary.clone(), 400, "99999"),
        (infer, vec![&words], binary.clone(), 400, "no number"),
        (infer, vec!["Content-Type: text/xml"], b"<a/>".to_vec(), 415, "application/json"),
        (infer, vec!["Content-Encoding: gzip"], b"x".to_vec(), 415, "compressed"),
        (infer, vec![json_type], vec![b' '; (1 << 20) + 1], 413, "more than 1048576 bytes"),
        ("/v1/predict", vec![], b"no picture".to_vec(), 422, "no PNG"),
        ("/v1/predict", vec![], picture(0)[..40].to_vec(), 422, "cannot be classified"),
        ("/v1/predict", vec![], huge, 413, "30000 pixels wide"),
        ("/v1/predict", vec!["Content-Type: video/mp4"], b"x".to_vec(), 415, "image/*"),
        ("/v1/predict", vec![json_type], b"{\"pictures\": []}".to_vec(), 400, "no picture"),
        ("/v1/predict?top=0", vec![], picture(0), 400, "from 1 to 256"),
        ("/v1/predict?best=1", vec![], picture(0), 400, "best"),
        ("/v1/predict?model=h", vec![], picture(0), 404, "no model h"),
    ];
    for (path, head, body, status, says) in cases {
        let problem = server.ask("POST", path, &head, &body).problem(status);
        assert!(problem.contains(says), "{path}: {problem}");
    }
    // Heads that are none, and a body that is cut off.
    for bytes in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nx",
    ] {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    }
    server.json(infer, &good).document();
}

#[test]
fn what_is_beyond_a_bound_is_refused_until_there_is_room() {
    let server = Arc::new(Server::start(
        &WORLD.0,
        "run --name g --quiet --max-waiting 1 --max-connections 8 --header-time 200ms",
    ));
    // A thousand images keep the network busy; of those that ask meanwhile one waits.
    let many: Vec<&[u8]> = (0..1000).map(|index| WORLD.1.test.image(index)).collect();
    let large = request(&many);
    let replies: Vec<Reply> = thread::scope(|scope| {
        let ask = || scope.spawn(|| server.json("/v2/models/g/infer", &large));
        let all: Vec<_> = (0..6).map(|_| ask()).collect();
        all.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    assert!(replies.iter().any(|reply| reply.status == 200), "{:?}", replies[0]);
    for refused in replies.iter().filter(|reply| reply.status != 200) {
        assert!(refused.problem(429).contains("wait for g already"));
        assert_eq!(refused.header("retry-after"), Some("1"));
    }
    // Connections that do not say anything take all places, until their time is over.
    let mut idle: Vec<TcpStream> = (0..8).map(|_| TcpStream::connect(&server.address).unwrap()).collect();
    idle.iter_mut().for_each(|stream| stream.write_all(b"GET /v2 HT").unwrap());
    let reply = server.get("/v2");
    if reply.status != 200 {
        assert!(reply.problem(503).contains("too many connections"));
        assert_eq!(reply.header("retry-after"), Some("1"));
    }
    for stream in &mut idle {
        assert_eq!(stream.read_to_end(&mut Vec::new()).unwrap_or(0), 0, "who does not finish a head is sent away");
    }
    server.json("/v2/models/g/infer", &request(&many[..1])).document();
}

#[test]
fn a_token_is_asked_for_and_needed_where_others_can_reach_the_server() {
    let world = &WORLD.0;
    world.file("token", "correct-horse-battery\n");
    world.file("short", "abc");
    let server = Server::start(world, "run --quiet --token-file token");
    let with = |line: &str| server.ask("GET", "/v2", &[line], &[]);
    with("Authorization: Bearer correct-horse-battery").document();
    for line in
        ["Accept: */*", "Authorization: Bearer correct-horse-batterz", "Authorization: Basic correct-horse-battery"]
    {
        assert!(with(line).problem(401).contains("token"));
    }
    server.get("/v2/health/live").document();
    assert_eq!(server.get("/").status, 200);
    let refused = world.words("serve run --addr 0.0.0.0:0").sentence();
    assert!(refused.contains("--token-file"), "{refused}");
    for words in [
        "serve run --token-file short",
        "serve run --token-file gone",
        "serve run --name a/b",
        "serve run run",
        "serve gone",
    ] {
        world.words(&format!("{words} --addr 127.0.0.1:0")).sentence();
    }
    assert!(world.words("serve run --tls-cert token").misuse().contains("--tls-key"));
    let taken = world.words(&format!("serve run --addr {}", server.address)).sentence();
    assert!(taken.contains("choose another by --addr"), "{taken}");
}

#[test]
fn a_certificate_makes_it_https() {
    let certificates = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/sources/tests/it/certificates");
    for name in ["server.pem", "server-key.pem", "authority.pem"] {
        fs::copy(certificates.join(name), WORLD.0.path(name)).unwrap();
    }
    let server = Server::start(&WORLD.0, "run --quiet --tls-cert server.pem --tls-key server-key.pem");
    assert!(server.said["address"].as_str().unwrap().starts_with("https://"));
    let mut trusted = RootCertStore::empty();
    trusted.add(CertificateDer::from_pem_file(certificates.join("authority.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(trusted)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(&server.address).unwrap());
    stream.write_all(b"GET /v2/health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    assert_eq!(Reply::read(&mut stream).unwrap().document(), json!({"ready": true}));
    // Who speaks plainly is not understood, and harms nobody.
    let mut plain = TcpStream::connect(&server.address).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert!(Reply::read(&mut plain).is_none());
    let refused = WORLD.0.words("serve run --tls-cert server.pem --tls-key authority.pem").sentence();
    assert!(refused.contains("authority.pem holds no private key"), "{refused}");
}

#[cfg(unix)]
#[test]
fn a_server_that_is_asked_to_end_finishes_what_is_under_way() {
    let server = Server::start(&WORLD.0, "run --name g");
    let many: Vec<&[u8]> = (0..1000).map(|index| WORLD.1.test.image(index)).collect();
    let large = request(&many).to_string();
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let head = format!("POST /v2/models/g/infer HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", large.len());
    let (first, rest) = large.split_at(1000);
    stream.write_all((head + first).as_bytes()).unwrap();
    // Its head is read when another one is answered that came later.
    let mut idle = TcpStream::connect(&server.address).unwrap();
    server.get("/v2").document();
    server.signal("TERM");
    // An idle connection ends at once, which shows that the server is ending.
    assert_eq!(idle.read_to_end(&mut Vec::new()).unwrap(), 0);
    stream.write_all(rest.as_bytes()).unwrap();
    let answer = Reply::read(&mut stream).unwrap().document();
    assert_eq!(answer["outputs"][0]["shape"], json!([1000, 10]));
    let (status, log) = server.ended();
    assert_eq!(status, Some(0));
    let requests: Vec<_> = log.iter().filter(|line| line["event"] == "request").collect();
    assert!(requests.iter().any(|line| line["path"] == "/v2/models/g/infer" && line["status"] == 200), "{log:?}");
}

#[cfg(unix)]
#[test]
fn models_are_loaded_again_and_stay_where_they_cannot_be() {
    let world = &WORLD.0;
    let at = |name: &str| world.path(name);
    fs::copy(at("run/model.safetensors"), at("changing.safetensors")).unwrap();
    let server = Server::start(world, "changing.safetensors --name g");
    let ask = || server.json("/v2/models/g/infer", &request(&[WORLD.1.test.image(0)])).document()["outputs"].clone();
    let before = ask();
    let until = |wanted: &dyn Fn() -> bool| while !wanted() {};
    fs::copy(at("other/model.safetensors"), at("new.safetensors")).unwrap();
    fs::rename(at("new.safetensors"), at("changing.safetensors")).unwrap();
    server.signal("HUP");
    until(&|| ask() != before);
    let after = ask();
    fs::write(at("changing.safetensors"), "damaged").unwrap();
    server.signal("HUP");
    assert_eq!(ask(), after);
    server.signal("TERM");
    let (status, log) = server.ended();
    assert_eq!(status, Some(0));
    assert!(
        log.iter().any(|line| line["event"] == "server" && line["model"] == "g" && line["text"] == "loaded again"),
        "{log:?}"
    );
}

#[test]
fn the_document_names_every_address_and_each_is_there() {
    let server = Server::start(&WORLD.0, "run --name g --quiet");
    let document = server.get("/openapi.json").document();
    assert_eq!(document["openapi"], "3.1.0");
    for (path, operations) in document["paths"].as_object().unwrap() {
        let place = path.replace("{name}", "g").replace("{version}", "1");
        for method in operations.as_object().unwrap().keys() {
            let reply = server.ask(&method.to_uppercase(), &place, &["Content-Type: application/json"], b"");
            let documented = operations[method]["responses"].as_object().unwrap();
            assert!(documented.contains_key(&reply.status.to_string()), "{method} {path}: {}", reply.status);
            assert!(
                reply.status < 500 && reply.status != 404 && reply.status != 405,
                "{method} {path}: {}",
                reply.status
            );
        }
    }
    let page = String::from_utf8(server.get("/").body).unwrap();
    assert!(page.contains("<main>") && !page.contains("http://") && !page.contains("https://"), "it asks nobody else");
    let models = server.get("/v1/models").document();
    assert_eq!(models["models"][0]["classes"].as_array().unwrap().len(), 10);
    assert_eq!(server.get("/v1/examples").document()["examples"].as_array().unwrap().len(), 10);
}

/// The commands of a document that begin with `curl`, or lead to one, block by block.
fn shell_blocks(text: &str) -> Vec<&str> {
    text.split("```sh\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .filter(|block| block.contains("curl "))
        .collect()
}

#[test]
fn the_commands_of_the_document_work() {
    if Command::new("curl").arg("--version").output().is_err() {
        return;
    }
    let server = Server::start(&WORLD.0, "run --name garments --quiet");
    for (name, index) in [("shoe.png", 0), ("bag.png", 1)] {
        WORLD.0.file(name, picture(index));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documents = ["docs/serve.md", "README.md"].map(|name| fs::read_to_string(root.join(name)).unwrap());
    let blocks: Vec<&str> = documents.iter().flat_map(|text| shell_blocks(text)).collect();
    assert!(blocks.len() >= 2, "{blocks:?}");
    for block in blocks {
        let here =
            block.replace("127.0.0.1:8080", &server.address).replace("curl ", "curl --fail --silent --show-error ");
        let ended = Ended::of(Command::new("sh").args(["-e", "-c", &here]).current_dir(WORLD.0.path(".")));
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{block}");
        assert!(ended.stdout.starts_with('{') && !ended.stdout.contains("\"error\""), "{block}{}", ended.stdout);
    }
}
