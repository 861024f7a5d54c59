//! Where a copy goes, from what the user wrote.

/// Where a download goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DownloadTarget<'a> {
    /// A folder of this name in the destination, unlike in an upload; the destination itself for the root folder.
    Directory(&'a str),
    /// A file of this name in the destination.
    Child(&'a str),
    /// A file that is the destination.
    File,
}

/// The remote path to upload to. A folder without a trailing slash keeps its name below the destination, with one
/// only its content is copied.
pub(crate) fn upload_target(source: &str, destination: &str, is_directory: bool) -> String {
    let named_below = if is_directory {
        !source.ends_with('/')
    } else {
        destination.ends_with('/')
    };
    if named_below {
        format!("{}/{}", destination.trim_end_matches('/'), file_name(source))
    } else {
        destination.to_owned()
    }
}

pub(crate) fn download_target<'a>(source: &'a str, destination: &str) -> DownloadTarget<'a> {
    if source.ends_with('/') {
        DownloadTarget::Directory(file_name(source))
    } else if destination.ends_with('/') {
        DownloadTarget::Child(file_name(source))
    } else {
        DownloadTarget::File
    }
}

fn file_name(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_slash_decides_where_an_upload_goes() {
        let check = |source, destination, is_directory, expect: &str| {
            assert_eq!(
                upload_target(source, destination, is_directory),
                expect,
                "{source} => {destination}"
            );
        };
        check("app/motd", "/etc/motd", false, "/etc/motd");
        check("app/motd", "/etc/", false, "/etc/motd");
        check("motd", "/", false, "/motd");
        check("app", "/opt", true, "/opt/app");
        check("app", "/opt/", true, "/opt/app");
        check("a/app", "/", true, "/app");
        check("app/", "/opt", true, "/opt");
        check("app/", "/opt/", true, "/opt/");
    }

    #[test]
    fn a_trailing_slash_decides_where_a_download_goes() {
        assert_eq!(
            download_target("/var/log/", "logs"),
            DownloadTarget::Directory("log")
        );
        assert_eq!(
            download_target("/var/log/", "logs/"),
            DownloadTarget::Directory("log")
        );
        assert_eq!(download_target("/", "all"), DownloadTarget::Directory(""));
        assert_eq!(
            download_target("/var/log/dpkg.log", "logs/"),
            DownloadTarget::Child("dpkg.log")
        );
        assert_eq!(
            download_target("/var/log/dpkg.log", "dpkg.log"),
            DownloadTarget::File
        );
    }
}
