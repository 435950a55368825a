//! The site as a browser gets it: page, settings, assets and what is not there.

use reqwest::Method;

use crate::Shop;
use crate::orders::problem;

pub(crate) fn page_is_served(shop: &Shop) {
    let get = |path: &str| shop.http.get(&shop.site(path));

    let page = get("/").expect(200);
    assert!(
        page.header("content-type").starts_with("text/html"),
        "{page:?}"
    );
    assert_eq!(page.header("cache-control"), "no-cache");
    assert!(page.body.contains("<div id=\"root\">"), "{}", page.body);

    // A path of the page is the page; what looks like a file has to be one.
    let deep = get("/products/whatever").expect(200);
    assert_eq!(deep.body, page.body);
    let missing = get("/no-such-file.png");
    assert!([403, 404].contains(&missing.status), "{missing:?}");
    assert!(!missing.body.contains("<div id=\"root\">"), "{missing:?}");

    let settings = get("/config.json").expect(200);
    assert_eq!(settings.header("content-type"), "application/json");
    assert_eq!(settings.header("cache-control"), "no-cache");
    let settings = settings.json();
    assert_eq!(settings["apiUrl"], "/api");
    assert_eq!(settings["region"], "us-east-1");
    assert_eq!(settings["cognitoEndpoint"], shop.emulator.endpoint);
    for (key, output) in [
        ("userPoolId", "UserPoolId"),
        ("userPoolClientId", "UserPoolClientId"),
    ] {
        assert_eq!(settings[key], shop.output("identity", output));
    }

    let assets = assets(&page.body);
    assert!(assets.len() >= 2, "script and style in {}", page.body);
    for asset in assets {
        let answer = get(&asset).expect(200);
        let caching = answer.header("cache-control");
        assert!(caching.contains("immutable"), "{asset}: {caching}");
        let kind = if asset.ends_with(".css") {
            "text/css"
        } else {
            "text/javascript"
        };
        assert!(
            answer.header("content-type").starts_with(kind),
            "{asset}: {:?}",
            answer.headers
        );
    }

    // Compressed beforehand, for who takes it.
    for (accepted, encoding) in [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0", "gzip"),
        ("deflate", ""),
    ] {
        for path in ["/", "/products/whatever", "/favicon.svg"] {
            let url = shop.site(path);
            let answer = shop.http.request(Method::GET, &url, |request| {
                request.header("accept-encoding", accepted)
            });
            let plain = get(path);
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
            assert_eq!(answer.header("content-encoding"), encoding, "{path}");
            for header in ["content-type", "cache-control"] {
                assert_eq!(answer.header(header), plain.header(header), "{path}");
            }
            assert_eq!(answer.body == plain.body, encoding.is_empty(), "{path}");
        }
    }

    // The API under the site's own name; its errors stay its own.
    let products = get("/api/products?limit=1").expect(200).json();
    assert_eq!(products["products"].as_array().unwrap().len(), 1);
    for path in ["/api/no-such-thing", "/api/products/a/b", "/api/"] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            for url in [shop.site(path), shop.api(&path["/api".len()..])] {
                let unknown = shop.http.request(method.clone(), &url, |request| request);
                let problem = problem(unknown, 404);
                assert_eq!(problem["detail"], "there is no such resource", "{url}");
            }
        }
    }
}

/// The paths of hashed files that the page names.
fn assets(page: &str) -> Vec<String> {
    page.split('"')
        .filter(|text| text.starts_with("/assets/"))
        .map(str::to_owned)
        .collect()
}
