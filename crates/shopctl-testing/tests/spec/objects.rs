//! Part O: objects.

use shopctl_core::names::ArtifactDigest;
use shopctl_core::record::digest;
use shopctl_deploy::ports::{Body, CloudErrorKind, Condition, ObjectHeaders, ObjectStore};
use shopctl_testing::FakeCloud;

fn headers() -> ObjectHeaders {
    ObjectHeaders {
        content_type: "text/plain".to_owned(),
        cache_control: "no-cache".to_owned(),
        content_encoding: None,
    }
}

// O1
#[tokio::test(start_paused = true)]
async fn an_object_is_put_once() {
    let cloud = FakeCloud::default();
    assert!(cloud.ensure_bucket("b").await.unwrap());
    assert!(!cloud.ensure_bucket("b").await.unwrap());
    let body = || Body::Bytes(b"one".to_vec());
    let right = ArtifactDigest::new(digest(b"one"));
    let wrong = ArtifactDigest::new(digest(b"two"));
    let error = cloud
        .put_if_absent("b", "k", body(), &wrong)
        .await
        .unwrap_err();
    assert!(error.message.contains("BadDigest"), "{error}");
    assert!(cloud.put_if_absent("b", "k", body(), &right).await.unwrap());
    assert!(!cloud.put_if_absent("b", "k", body(), &right).await.unwrap());
    assert_eq!(cloud.versions("b"), 1);
    let error = cloud
        .put_if_absent("none", "k", body(), &right)
        .await
        .unwrap_err();
    assert_eq!(error.kind, CloudErrorKind::NotFound);
}

// O2 O4 O5
#[tokio::test(start_paused = true)]
async fn a_versioned_bucket_is_empty_when_all_versions_are_gone() {
    let cloud = FakeCloud::default();
    cloud.ensure_bucket("b").await.unwrap();
    for text in ["one", "two"] {
        let body = Body::Bytes(text.as_bytes().to_vec());
        cloud.put("b", "k", body, &headers()).await.unwrap();
    }
    ObjectStore::delete(&cloud, "b", &["k".to_owned()])
        .await
        .unwrap();
    assert_eq!(ObjectStore::get(&cloud, "b", "k").await.unwrap(), None);
    assert_eq!(cloud.versions("b"), 3);
    let error = cloud.delete_bucket("b").await.unwrap_err();
    assert!(error.message.contains("BucketNotEmpty"), "{error}");
    cloud.begin_upload("b");
    cloud.write_after_emptying("b", 1);
    assert_eq!(cloud.empty("b").await.unwrap(), 3);
    assert_eq!(cloud.versions("b"), 1, "something was written late");
    assert_eq!(cloud.empty("b").await.unwrap(), 1);
    assert!(cloud.delete_bucket("b").await.unwrap());
    assert!(!cloud.delete_bucket("b").await.unwrap());
    assert_eq!(cloud.empty("b").await.unwrap(), 0);
}

// O3 O6
#[tokio::test(start_paused = true)]
async fn listings_and_deletions_have_pages() {
    let cloud = FakeCloud::default();
    cloud.ensure_bucket("b").await.unwrap();
    for number in 0..2500 {
        cloud.write("b", &format!("{number:04}"), b"x");
    }
    cloud.forget_calls();
    let listed = ObjectStore::list(&cloud, "b").await.unwrap();
    assert_eq!(listed.len(), 2500);
    let keys: Vec<String> = listed.keys().cloned().collect();
    ObjectStore::delete(&cloud, "b", &keys).await.unwrap();
    assert_eq!(cloud.empty("b").await.unwrap(), 5000);
    let calls = cloud.calls();
    assert_eq!(calls.count("ListObjectsV2"), 3);
    assert_eq!(calls.count("DeleteObjects"), 3 + 5);

    let etag = async |text: &str| {
        let body = Body::Bytes(text.as_bytes().to_vec());
        cloud.put("b", "k", body, &headers()).await.unwrap()
    };
    let (one, two, again) = (etag("one").await, etag("two").await, etag("one").await);
    assert!(one != two && one == again);
    let (content_type, cache) = cloud.headers("b", "k").unwrap();
    assert_eq!(
        (content_type.as_str(), cache.as_str()),
        ("text/plain", "no-cache")
    );
}

// O7
#[tokio::test(start_paused = true)]
async fn a_conditional_write_needs_its_condition() {
    let cloud = FakeCloud::default();
    let put = async |text: &str, condition: &Condition| {
        cloud
            .put_if("b", "k", text.as_bytes().to_vec(), condition)
            .await
    };
    let error = put("one", &Condition::Absent).await.unwrap_err();
    assert_eq!(error.kind, CloudErrorKind::NotFound);
    cloud.ensure_bucket("b").await.unwrap();
    let one = put("one", &Condition::Absent).await.unwrap().unwrap();
    assert_eq!(put("two", &Condition::Absent).await.unwrap(), None);
    let same = Condition::Unchanged(one.clone());
    let two = put("two", &same).await.unwrap().unwrap();
    assert_eq!(put("three", &same).await.unwrap(), None);
    assert!(!cloud.delete_if("b", "k", &one).await.unwrap());
    assert!(cloud.delete_if("b", "k", &two).await.unwrap());
    assert!(cloud.read("b", "k").await.unwrap().is_none());
    assert_eq!(put("two", &Condition::Unchanged(two)).await.unwrap(), None);
    put("one", &Condition::Absent).await.unwrap().unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    let read = cloud.read("b", "k").await.unwrap().unwrap();
    assert!(read.age.as_secs() >= 60, "{:?}", read.age);
}
