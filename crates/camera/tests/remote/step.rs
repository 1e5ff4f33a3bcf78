//! Exposure, stepped until the camera reports it.

use super::*;

#[tokio::test(start_paused = true)]
async fn exposure_is_stepped_to_from_both_sides() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    // From f/2 and 1/60 (log:XT4), in thirds of a stop.
    for (key, text, steps) in [
        ("shutter", "1/125", 3),
        ("shutter", "1/60", 3),
        ("shutter", "1s", 18),
        ("shutter", "30s", 15),
        ("shutter", "1/4000", 51),
        ("aperture", "f/5.6", 9),
        ("aperture", "f/2", 9),
    ] {
        assert_eq!(set(&remote, key, text).await, Ok(Means::Stepped(steps)), "{key} {text}");
        assert_eq!(now(&remote, key).await.as_deref(), Some(text), "{key}");
        assert_eq!(set(&remote, key, text).await, Ok(Means::Already), "{key} {text}");
    }
    // Another rounding of the same third is the same; what the camera says is told.
    let aperture = setting("aperture");
    let reached = remote.set(aperture, aperture.parse("3.5").unwrap()).await.unwrap();
    assert_eq!((reached.before, reached.actual), (Some(200), 360));
    remote.leave().await;
    sim.wait_idle().await;
    assert_eq!(sim.violations(), []);
}

#[tokio::test(start_paused = true)]
async fn the_bias_is_stepped_where_the_mode_has_one() {
    let sim = simulator("X-T5");
    let remote = connect(&sim).await;
    // From -0.7 (log:XT5, mode A).
    assert_eq!(set(&remote, "bias", "+1").await, Ok(Means::Stepped(5)));
    assert_eq!(now(&remote, "bias").await.as_deref(), Some("+1"));
    assert_eq!(set(&remote, "bias", "-3").await, Ok(Means::Stepped(12)));
    let steps = operations(&sim, OperationCode::STEP_EXPOSURE_BIAS);
    // Its list ends at three stops, and has no halves.
    for text in ["+5", "+0.5"] {
        let failed = set(&remote, "bias", text).await.unwrap_err();
        let Obstacle::NotListed(listed) = &failed.obstacle else { panic!("{failed}") };
        assert_eq!((listed.len(), failed.actual), (19, Some(0xF448)), "{text}");
    }
    assert_eq!(operations(&sim, OperationCode::STEP_EXPOSURE_BIAS), steps);
    remote.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_dial_at_its_end_is_told_with_where_it_ends() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    let failed = set(&remote, "aperture", "22").await.unwrap_err();
    assert_eq!(failed.obstacle, Obstacle::DialAtEnd(CommandDial::APERTURE_AT_END));
    assert_eq!((failed.actual, failed.steps), (Some(1600), 19));
    assert_eq!(
        failed.to_string(),
        "aperture f/22 was not reached: the camera has f/16 after 19 steps; its dial is at its end \
         (D028: aperture-at-end)"
    );
    // The other one still moves, until it is at its end too.
    let failed = set(&remote, "shutter", "1/32000").await.unwrap_err();
    assert_eq!(failed.obstacle, Obstacle::DialAtEnd(CommandDial::BOTH_AT_END));
    assert_eq!(now(&remote, "shutter").await.as_deref(), Some("1/4000"));
    // And both come back.
    assert!(set(&remote, "aperture", "8").await.is_ok());
    assert!(set(&remote, "shutter", "1/60").await.is_ok());
    remote.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_value_between_two_steps_is_not_run_after() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    let failed = set(&remote, "aperture", "3.0").await.unwrap_err();
    assert_eq!(failed.obstacle, Obstacle::PassedOver(280));
    assert!(failed.to_string().contains("went from f/2.8 past f/3, which"), "{failed}");
    assert_eq!((failed.actual, operations(&sim, OperationCode::STEP_F_NUMBER)), (Some(320), 4));
    remote.leave().await;
}

/// Roundings differ; a value of its own is none.
#[tokio::test(start_paused = true)]
async fn a_neighbour_is_not_taken_for_the_value() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    let failed = set(&remote, "aperture", "5.3").await.unwrap_err();
    assert_eq!((&failed.obstacle, failed.actual), (&Obstacle::PassedOver(500), Some(560)));
    remote.leave().await;
    for (fault, is_listed) in [(None, true), (Some("refuse=GetCapabilities:0x2005"), false)] {
        let sim = simulator("X-T5");
        fault.into_iter().for_each(|fault| sim.add_fault(fault.parse().unwrap()));
        let remote = connect(&sim).await;
        // From -0.7 (log:XT5, mode A).
        for text in ["-0.8", "0.15"] {
            let failed = set(&remote, "bias", text).await.unwrap_err();
            let (listed, passed) = (
                matches!(failed.obstacle, Obstacle::NotListed(_)),
                matches!(failed.obstacle, Obstacle::PassedOver(_)),
            );
            assert_eq!((listed, passed), (is_listed, !is_listed), "{text}: {failed}");
        }
        remote.leave().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_camera_chooses_in_each_program_is_not_stepped() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    for (program, key, moves) in [
        (ExposureProgram::APERTURE_PRIORITY, "shutter", false),
        (ExposureProgram::APERTURE_PRIORITY, "aperture", true),
        (ExposureProgram::SHUTTER_PRIORITY, "aperture", false),
        (ExposureProgram::SHUTTER_PRIORITY, "shutter", true),
        (ExposureProgram::PROGRAM, "aperture", false),
        (ExposureProgram::PROGRAM, "shutter", false),
        (ExposureProgram::PROGRAM, "bias", true),
        (ExposureProgram::MANUAL, "bias", false),
    ] {
        sim.turn(0x500E, u32::from(program.0));
        let text = match key {
            "shutter" => "1/500",
            "aperture" => "4",
            _ => "-1",
        };
        let result = set(&remote, key, text).await;
        assert_eq!(result.is_ok(), moves, "{program} {key}: {result:?}");
        if let Err(failed) = result {
            assert!(failed.to_string().contains(&program.to_string()), "{failed}");
            assert_eq!(failed.steps, 0, "{failed}");
        }
    }
    remote.leave().await;
}
