//! The bus: calls of clients, and signals to them.

use std::collections::HashMap;

use futures_util::StreamExt;
use tokio::net::{UnixListener, UnixStream};
use zbus::connection::Builder;
use zbus::{
    Connection, Guid, Message, MessageStream, ObjectPath, OwnedObjectPath, OwnedVariant, Variant,
};

use super::Shared;
use super::play::Wish;
use super::world::{Profile, World, number, path, uuid};

/// Our name on the bus, and that of each client.
const OURS: &str = ":1.0";
const THEIRS: &str = ":1.1";
const MANAGER: &str = "org.freedesktop.NetworkManager";

/// Those we ask for, of many.
const PERMISSIONS: [&str; 2] = ["network-control", "settings.modify.system"];

/// How a call ends if not well: the error's name and words.
type Refusal = (String, String);

pub(super) async fn accept(listener: UnixListener, shared: Shared) {
    let mut clients = 0;
    while let Ok((stream, _)) = listener.accept().await {
        clients += 1;
        tokio::spawn(client(stream, shared.clone(), clients));
    }
}

async fn client(stream: UnixStream, shared: Shared, client: u64) {
    let Ok(stream) = stream.into_std() else { return };
    let guid = Guid::generate();
    let server = Builder::unix_stream(stream).server(guid).p2p().unique_name(OURS).build();
    // A client that does not finish its greeting is none.
    let Ok(connection) = server.await else { return };
    let mut calls = MessageStream::from(&connection);
    let mut changes = shared.lock().changes.subscribe();
    let mut hang_ups = shared.lock().hang_ups.subscribe();
    loop {
        tokio::select! {
            Ok(()) = hang_ups.recv() => break,
            call = calls.next() => {
                let Some(Ok(call)) = call else { break };
                if answer(&connection, &call, &shared, client).await.is_err() {
                    break;
                }
            }
            Ok((radio, new, old, reason)) = changes.recv() => {
                let device = "org.freedesktop.NetworkManager.Device";
                let told = connection
                    .emit_signal(None::<&str>, path("Devices", radio), device, "StateChanged", &(new, old, reason))
                    .await;
                if told.is_err() {
                    break;
                }
            }
        }
    }
    drop(calls);
    // It may be closed already.
    let _ = connection.close().await;
    shared.forget(client);
}

async fn answer(
    connection: &Connection,
    call: &Message,
    shared: &Shared,
    client: u64,
) -> zbus::Result<()> {
    let header = call.header();
    let (Some(path_of), Some(member)) = (header.path(), header.member()) else { return Ok(()) };
    let interface = header.interface().map(ToString::to_string).unwrap_or_default();
    let refuse = |(name, words): Refusal| async move {
        connection.reply_error(&call.header(), name.as_str(), &words).await
    };
    let is_for_it = interface != "org.freedesktop.DBus";
    if is_for_it && !shared.lock().is_running {
        return refuse(absent()).await;
    }
    match (interface.as_str(), member.as_str()) {
        ("org.freedesktop.DBus", "Hello") => connection.reply(&header, &THEIRS).await,
        ("org.freedesktop.DBus", "AddMatch" | "RemoveMatch") => {
            connection.reply(&header, &()).await
        }
        ("org.freedesktop.DBus", "GetNameOwner") => connection.reply(&header, &OURS).await,
        ("org.freedesktop.DBus.Properties", "Get") => {
            let (_, name): (String, String) = call.body().deserialize()?;
            let found = shared.lock().property(path_of.as_str(), &name);
            match found {
                Some(value) => connection.reply(&header, &value).await,
                None => refuse(unknown(path_of.as_str())).await,
            }
        }
        (MANAGER, "GetPermissions") => {
            let word = shared.lock().permission;
            let told = PERMISSIONS.map(|name| (format!("{MANAGER}.{name}"), word));
            connection.reply(&header, &HashMap::from(told)).await
        }
        (MANAGER, "GetDevices") => {
            let paths: Vec<_> = {
                let world = shared.lock();
                let is_in = |radio: &usize| world.radios[*radio].is_in;
                (0..world.radios.len()).filter(is_in).map(|at| path("Devices", at)).collect()
            };
            connection.reply(&header, &paths).await
        }
        (MANAGER, "AddAndActivateConnection2") => match join(call, shared, client) {
            Ok((profile, active)) => {
                let none = HashMap::<String, Variant<'_>>::new();
                connection.reply(&header, &(profile, active, none)).await
            }
            Err(refusal) => refuse(refusal).await,
        },
        (MANAGER, "ActivateConnection") => match activate(call, shared) {
            Ok(active) => connection.reply(&header, &active).await,
            Err(refusal) => refuse(refusal).await,
        },
        (MANAGER, "DeactivateConnection") => {
            let active: OwnedObjectPath = call.body().deserialize()?;
            let active = number(active.as_str(), "ActiveConnection");
            match active.filter(|active| shared.lock().is_there(*active)) {
                Some(active) => {
                    shared.take_down(active);
                    connection.reply(&header, &()).await
                }
                None => refuse(error("ConnectionNotActive", "it is not active")).await,
            }
        }
        (_, "GetConnectionByUuid") => {
            let wanted: String = call.body().deserialize()?;
            let found = {
                let world = shared.lock();
                let is_it = |at: &usize| world.profiles[*at].is_there && uuid(*at) == wanted;
                (0..world.profiles.len()).find(is_it)
            };
            match found {
                Some(profile) => connection.reply(&header, &path("Settings", profile)).await,
                None => refuse(error("Settings.InvalidConnection", "No such connection")).await,
            }
        }
        (_, "RequestScan") => {
            if let Some(radio) = number(path_of.as_str(), "Devices") {
                let mut world = shared.lock();
                // Fifteen seconds from one to the next.
                world.radios[radio].last_scan += 15_000;
            }
            connection.reply(&header, &()).await
        }
        (_, "GetAllAccessPoints") => {
            let cells = shared.lock().cell_paths();
            connection.reply(&header, &cells).await
        }
        _ => refuse(unknown(path_of.as_str())).await,
    }
}

/// As the bus says it.
fn absent() -> Refusal {
    let name = "org.freedesktop.DBus.Error.ServiceUnknown".to_owned();
    (name, format!("The name {MANAGER} was not provided by any .service files"))
}

fn error(name: &str, words: &str) -> Refusal {
    (format!("{MANAGER}.{name}"), words.to_owned())
}

fn unknown(path_of: &str) -> Refusal {
    let name = "org.freedesktop.DBus.Error.UnknownMethod".to_owned();
    (name, format!("No such interface on object at path {path_of}"))
}

fn is_in(world: &World, radio: usize) -> bool {
    world.radios.get(radio).is_some_and(|radio| radio.is_in)
}

type Asked = (Profile, OwnedObjectPath, OwnedObjectPath, HashMap<String, OwnedVariant>);

fn join(
    call: &Message,
    shared: &Shared,
    client: u64,
) -> Result<(ObjectPath<'static>, ObjectPath<'static>), Refusal> {
    let invalid = |words: String| error("InvalidProperty", &words);
    let asked = call.body().deserialize::<Asked>().map_err(|cause| invalid(cause.to_string()))?;
    let (profile, device, _, options) = asked;
    let wish = Wish::of(&profile).map_err(invalid)?;
    let option =
        |name: &str| -> Option<String> { options.get(name)?.try_clone().ok()?.try_into().ok() };
    let is_volatile = option("persist").as_deref() == Some("volatile");
    let bound = option("bind-activation").as_deref() == Some("dbus-client");
    let mut world = shared.lock();
    if world.permission != "yes" {
        return Err(error("PermissionDenied", "Not authorized to control networking."));
    }
    let radio = number(device.as_str(), "Devices").filter(|at| is_in(&world, *at));
    let radio = radio.ok_or_else(|| error("UnknownDevice", "Device not found"))?;
    let saved = world.save(&format!("filmwire {}", wish.ssid), false, is_volatile);
    let active = world.begin(radio, saved, bound.then_some(client));
    drop(world);
    shared.bring_up(active, wish);
    Ok((path("Settings", saved), path("ActiveConnection", active)))
}

fn activate(call: &Message, shared: &Shared) -> Result<ObjectPath<'static>, Refusal> {
    let asked = call.body().deserialize::<(OwnedObjectPath, OwnedObjectPath, OwnedObjectPath)>();
    let (profile, device, _) =
        asked.map_err(|cause| error("InvalidArguments", &cause.to_string()))?;
    let mut world = shared.lock();
    let profile = number(profile.as_str(), "Settings");
    let profile = profile.filter(|at| world.profiles.get(*at).is_some_and(|saved| saved.is_there));
    let radio = number(device.as_str(), "Devices").filter(|at| is_in(&world, *at));
    let (Some(profile), Some(radio)) = (profile, radio) else {
        return Err(error("UnknownConnection", "Connection not found"));
    };
    if world.home_is_lost {
        return Err(error("UnknownDevice", "No suitable device found"));
    }
    let active = world.begin(radio, profile, None);
    drop(world);
    shared.bring_home(active);
    Ok(path("ActiveConnection", active))
}
