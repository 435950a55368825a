//! The properties of resources that may name a file or a folder of the project: those
//! where `aws cloudformation package` looks, and a few that work alike.

/// How a property names an object in S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `s3://bucket/key`
    Uri,
    /// A mapping with these keys for bucket and key.
    Mapping(&'static str, &'static str),
    /// The URL of a template, which is rendered itself.
    Template,
}

/// A property that may name a local file or folder.
#[derive(Debug)]
pub(super) struct Place {
    /// The path below `Properties`, with dots.
    pub(super) property: &'static str,
    pub(super) form: Form,
    /// Whether a file that is no zip is packed as one.
    pub(super) zip: bool,
}

/// Resource types whose architecture has to be that of their handler.
pub(super) const FUNCTIONS: [&str; 2] = ["AWS::Lambda::Function", "AWS::Serverless::Function"];

/// Entries of the template's `Metadata` with such properties.
pub(super) const METADATA: [&str; 1] = ["AWS::ServerlessRepo::Application"];

const CODE: Form = Form::Mapping("S3Bucket", "S3Key");
const OBJECT: Form = Form::Mapping("Bucket", "Key");

const fn file(property: &'static str, form: Form) -> Place {
    Place {
        property,
        form,
        zip: false,
    }
}

const fn zip(property: &'static str, form: Form) -> Place {
    Place {
        property,
        form,
        zip: true,
    }
}

/// The properties of a resource type that may name a local file or folder.
pub(super) fn places(resource_type: &str) -> &'static [Place] {
    const MAPPING_TEMPLATES: &[Place] = &[
        file("RequestMappingTemplateS3Location", Form::Uri),
        file("ResponseMappingTemplateS3Location", Form::Uri),
        file("CodeS3Location", Form::Uri),
    ];
    match resource_type {
        "AWS::Lambda::Function" => &[const { zip("Code", CODE) }],
        "AWS::Lambda::LayerVersion" => &[const { zip("Content", CODE) }],
        "AWS::Serverless::Function" => &[const { zip("CodeUri", Form::Uri) }],
        "AWS::Serverless::LayerVersion" => &[const { zip("ContentUri", Form::Uri) }],
        "AWS::Serverless::Api" => &[const { file("DefinitionUri", Form::Uri) }],
        "AWS::Serverless::HttpApi" => &[const { file("DefinitionUri", Form::Uri) }],
        "AWS::Serverless::StateMachine" => &[const { file("DefinitionUri", OBJECT) }],
        "AWS::Serverless::Application" => &[const { file("Location", Form::Template) }],
        "AWS::ApiGateway::RestApi" => &[const { file("BodyS3Location", OBJECT) }],
        "AWS::ApiGatewayV2::Api" => &[const { file("BodyS3Location", OBJECT) }],
        "AWS::AppSync::GraphQLSchema" => &[const { file("DefinitionS3Location", Form::Uri) }],
        "AWS::AppSync::Resolver" => MAPPING_TEMPLATES,
        "AWS::AppSync::FunctionConfiguration" => MAPPING_TEMPLATES,
        "AWS::StepFunctions::StateMachine" => &[const { file("DefinitionS3Location", OBJECT) }],
        "AWS::ElasticBeanstalk::ApplicationVersion" => &[const { file("SourceBundle", CODE) }],
        "AWS::CloudFormation::Stack" => &[const { file("TemplateURL", Form::Template) }],
        "AWS::CloudFormation::StackSet" => &[const { file("TemplateURL", Form::Template) }],
        "AWS::CloudFormation::ModuleVersion" => &[const { file("ModulePackage", Form::Uri) }],
        "AWS::CloudFormation::ResourceVersion" => {
            &[const { file("SchemaHandlerPackage", Form::Uri) }]
        }
        "AWS::Glue::Job" => &[const { file("Command.ScriptLocation", Form::Uri) }],
        "AWS::CodeCommit::Repository" => &[const { zip("Code.S3", OBJECT) }],
        "AWS::ServerlessRepo::Application" => {
            const { &[file("ReadmeUrl", Form::Uri), file("LicenseUrl", Form::Uri)] }
        }
        _ => &[],
    }
}
