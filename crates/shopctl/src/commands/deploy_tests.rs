use super::*;

#[test]
fn the_exit_code_tells_what_a_script_has_to_do_next() {
    let failed = || RunReport {
        failed: true,
        changed: true,
        ..RunReport::default()
    };
    let expired = RunReport {
        credentials: true,
        ..failed()
    };
    let stuck = RunReport {
        stuck: true,
        ..failed()
    };
    let both = RunReport {
        credentials: true,
        ..stuck.clone()
    };
    assert_eq!(exit_code(&RunReport::default()), 0);
    assert_eq!(exit_code(&failed()), 1);
    assert_eq!(exit_code(&expired), 5);
    let refused = RunReport {
        refused: true,
        ..failed()
    };
    assert_eq!(exit_code(&refused), 3);
    assert_eq!(exit_code(&stuck), 7);
    assert_eq!(exit_code(&both), 7);
}
