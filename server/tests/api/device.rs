//! `GET /api/device`.

use shared::api::companion::CompanionDevice;

use crate::support::TestCompanion;

#[tokio::test]
async fn it_says_what_the_machine_can_hold() {
    let companion = TestCompanion::start().await;
    let answer = companion.get("/api/device").await;
    assert_eq!(answer.status, 200);
    let device: CompanionDevice = serde_json::from_str(&answer.text).unwrap();
    // Whatever runs this test has some memory and disk left.
    assert!(device.limits.memory_bytes.is_some_and(|bytes| bytes > 16 << 20), "{device:?}");
    assert!(device.limits.storage_bytes.is_some_and(|bytes| bytes > 0), "{device:?}");
    assert!(device.peak.is_some_and(|peak| peak.memory_bytes_per_second > 0.0));
}
