//! Pictures picked on the camera are handed out one by one.

use filmwire_codec::dataset::ObjectInfo;

use crate::support::{client, simulator};

#[tokio::test(start_paused = true)]
async fn each_picture_takes_the_place_of_the_one_before() {
    let camera = simulator("X-T2", 3);
    camera.with_persona(|persona| {
        persona.set("camera_state", "1").unwrap();
        persona.set("start_list", r#"[["DF00", "state"], ["D220", 1]]"#).unwrap();
    });
    let mut client = client(&camera).await;
    client.open().await;
    for name in ["DSCF0003.JPG", "DSCF0002.JPG", "DSCF0001.JPG"] {
        assert_eq!(client.states().await, [(0xDF00, 1), (0xD220, 1)]);
        client.set16(0xDF01, 1).await;
        client.set16(0xD227, 1).await;
        assert_eq!(client.states().await, []);
        assert_eq!(client.run(0x1008, &[2]).await.code, 0x2009);
        let info = client.run(0x1008, &[1]).await;
        let info = ObjectInfo::decode(info.payload()).unwrap();
        assert_eq!(info.name.to_text(), name);
        client.fetch(1, info.size_bytes as usize, 5000).await;
    }
    assert_eq!(client.try_run(0x1015, &[0xD212]).await, None);
    camera.wait_idle().await;
    assert_eq!(camera.journal().last().unwrap().note, "closed: nothing left");
}
